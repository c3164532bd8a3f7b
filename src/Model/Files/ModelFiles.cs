namespace MiniGpt.Model.Files;

/// <summary>The names of the files of a model folder and of a training run, as Hugging Face, GPT-2 and BERT have them where they have them.</summary>
internal static class ModelFiles
{
    /// <summary>The configuration.</summary>
    public const string Config = "config.json";

    /// <summary>The weights.</summary>
    public const string Weights = "model.safetensors";

    /// <summary>Which of several files has which weights.</summary>
    public const string Index = "model.safetensors.index.json";

    /// <summary>Any tokenizer.</summary>
    public const string Tokenizer = "tokenizer.json";

    /// <summary>The tokenizer of the texts that a translator reads, where it is another than that of those that it writes.</summary>
    public const string SourceTokenizer = "source_tokenizer.json";

    /// <summary>SentencePiece's model of the language that one of Marian's translators reads.</summary>
    public const string SourcePieces = "source.spm";

    /// <summary>SentencePiece's model of the language that it writes.</summary>
    public const string TargetPieces = "target.spm";

    /// <summary>The tokens of both of its languages, or of the one that it reads; of a byte-level BPE its tokens.</summary>
    public const string Vocabulary = "vocab.json";

    /// <summary>The tokens of the language that it writes, where each has its own.</summary>
    public const string TargetVocabulary = "target_vocab.json";

    /// <summary>The tokens of WordPiece, one a line.</summary>
    public const string Pieces = "vocab.txt";

    /// <summary>Where a training run is.</summary>
    public const string Training = "training.json";

    /// <summary>The state of the optimizer.</summary>
    public const string Optimizer = "optimizer.safetensors";

    /// <summary>The tokens and the merges of byte-level BPE, by the two names that each has had.</summary>
    public static IReadOnlyList<(string Vocabulary, string Merges)> BytePairs { get; } = [(Vocabulary, "merges.txt"), ("encoder.json", "vocab.bpe")];

    /// <summary>Every name that a file of a tokenizer can have.</summary>
    public static IReadOnlyList<string> TokenizerParts { get; } =
        [Tokenizer, SourceTokenizer, SourcePieces, TargetPieces, TargetVocabulary, .. BytePairs.SelectMany(names => (string[])[names.Vocabulary, names.Merges]), Pieces];
}
