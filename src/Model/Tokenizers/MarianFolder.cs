using MiniGpt.Model.Files;

namespace MiniGpt.Model.Tokenizers;

/// <summary>The two tokenizers of a folder of Marian's: a SentencePiece model for each language, and a vocabulary for both or for each.</summary>
internal static class MarianFolder
{
    /// <summary>Whether a folder has them.</summary>
    public static bool Exists(string folder) =>
        ((string[])[ModelFiles.SourcePieces, ModelFiles.TargetPieces, ModelFiles.Vocabulary]).All(name => File.Exists(Path.Combine(folder, name)));

    /// <summary>Reads the tokenizer of the language that is read.</summary>
    /// <exception cref="FileFormatException">A file is not right: one line says what and where.</exception>
    public static MarianTokenizer ReadSource(string folder) => Read(folder, ModelFiles.SourcePieces, ModelFiles.Vocabulary);

    /// <summary>Reads the tokenizer of the language that is written.</summary>
    /// <inheritdoc cref="ReadSource"/>
    public static MarianTokenizer ReadTarget(string folder) => Read(folder, ModelFiles.TargetPieces,
        File.Exists(Path.Combine(folder, ModelFiles.TargetVocabulary)) ? ModelFiles.TargetVocabulary : ModelFiles.Vocabulary);

    /// <summary>Writes both as they were read.</summary>
    /// <exception cref="ArgumentException">One of the two is none of Marian's.</exception>
    public static void Stage(StagedFiles files, ITokenizer target, ITokenizer? source)
    {
        Require.That(target is MarianTokenizer && source is MarianTokenizer,
            $"a tokenizer of a Marian folder is written with that of the other language alone: {ModelFiles.SourcePieces} and {ModelFiles.TargetPieces}");
        (MarianTokenizer reads, MarianTokenizer writes) = ((MarianTokenizer)source!, (MarianTokenizer)target);
        files.Add(ModelFiles.SourcePieces, stream => stream.Write(reads.ModelFile));
        files.Add(ModelFiles.TargetPieces, stream => stream.Write(writes.ModelFile));
        files.Add(ModelFiles.Vocabulary, stream => JsonFile.Write(stream, reads.VocabularyToJson()));
        if (!reads.HasVocabularyOf(writes))
            files.Add(ModelFiles.TargetVocabulary, stream => JsonFile.Write(stream, writes.VocabularyToJson()));
    }

    private static MarianTokenizer Read(string folder, string pieces, string vocabulary)
    {
        string path = Path.Combine(folder, vocabulary);
        string[] tokens = JsonFile.Read(path, root => VocabularyJson.Read(path, root));
        SentencePieceFile file = SentencePieceFile.Read(Path.Combine(folder, pieces));
        return JsonFile.Refusing(path, () => new MarianTokenizer(file, tokens));
    }
}
