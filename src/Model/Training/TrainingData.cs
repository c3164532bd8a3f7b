using System.Numerics;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Model.Distribution;
using MiniGpt.Model.Files;
using MiniGpt.Model.Tasks;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Training;

/// <summary>What a run learns from and is validated with: texts, tokenised, or token files.</summary>
public sealed class TrainingData : IDisposable
{
    private readonly List<TokenFile> _files = [];
    private readonly List<string> _warnings = [];

    private TrainingData()
    {
    }

    /// <summary>
    /// The tokens to learn from: at least one more than an example has, or a whole step where they are read in order. Of sentence pairs, those of
    /// the translations.
    /// </summary>
    public TokenSource Train { get; private set; } = null!;

    /// <summary>The tokens to validate with, at least two; null where nothing was kept for it. They can be fewer than the context.</summary>
    public TokenSource? Validation { get; private set; }

    /// <summary>The sentence pairs of a run that learns to translate; null in all others, whose tokens are in <see cref="Train"/>.</summary>
    public TranslationData? Pairs { get; private set; }

    /// <summary>The sentence pairs to validate with as text; empty where none were kept, and in runs that do not learn to translate.</summary>
    public IReadOnlyList<PairLine> ValidationPairs { get; private set; } = [];

    /// <summary>The tokenizer of the text, or the one that was given. Token files need none.</summary>
    public ITokenizer? Tokenizer { get; private set; }

    /// <summary>The tokenizer of the sentences that are translated: the same one, where the languages do not have one each.</summary>
    public ITokenizer? SourceTokenizer { get => field ?? Tokenizer; private set; }

    /// <summary>V: no id is as large.</summary>
    public int VocabularySize { get; private set; }

    /// <summary>The SHA-256 of the content, in hexadecimal, by which a resumed run knows its data again.</summary>
    public string Hash { get; private set; } = "";

    /// <summary>The bytes of all content; of text in UTF-8.</summary>
    public long Bytes { get; private set; }

    /// <summary>What the user should hear of, a line each.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>
    /// Reads the data that the options name. Text is split first and then tokenised, with the tokenizer that is given, or else with one that
    /// is made from it: of every character or word of the text, or learned from the part to train on.
    /// </summary>
    /// <param name="options">Where the data is, how it is split and how long a context is.</param>
    /// <param name="bundledCorpusPath">The text to read where the options name none; null where there is no such text.</param>
    /// <param name="given">The tokenizer of the model that training starts from, or one that was asked for.</param>
    /// <param name="givenVocabulary">V of the model that training starts from. It decides over the options.</param>
    /// <param name="standardInput">What "-" reads.</param>
    /// <param name="cacheFolder">
    /// Where the tokens of text are kept, in files that are mapped into memory and found again by the text and the tokenizer. Without it they are
    /// kept in memory.
    /// </param>
    /// <param name="progress">Is told how far it is.</param>
    /// <param name="givenSource">The tokenizer of the sentences that are translated, where it is another than <paramref name="given"/>.</param>
    /// <param name="cancellationToken">Ends the reading without a result.</param>
    /// <exception cref="ArgumentException">
    /// Text and token files are mixed; the text is too short for a batch, or holds what the tokenizer cannot say; or a model without
    /// a tokenizer is to learn from text.
    /// </exception>
    /// <exception cref="FileFormatException">A file is empty or no file of tokens, or has an id outside of the vocabulary.</exception>
    /// <exception cref="IOException">A file is missing or cannot be read, or the cache cannot be written.</exception>
    public static TrainingData Load(
        TrainingOptions options,
        string? bundledCorpusPath = null,
        ITokenizer? given = null,
        int? givenVocabulary = null,
        Stream? standardInput = null,
        string? cacheFolder = null,
        IProgress<DataProgress>? progress = null,
        ITokenizer? givenSource = null,
        CancellationToken cancellationToken = default)
    {
        string[] training = options.Data.Count > 0 ? [.. options.Data] : bundledCorpusPath is null ? [] : [bundledCorpusPath];
        Require.That(training.Length > 0 || options.Task == TaskKind.Translate, $"no data is named, at least one file or folder expected in {nameof(options)}.{nameof(options.Data)}");
        string[] validation = options.ValidationData is string path ? [path] : [];
        string[] all = [.. training, .. validation];
        string? tokens = all.FirstOrDefault(TextSource.IsTokenFile);
        string? text = all.FirstOrDefault(source => !TextSource.IsTokenFile(source));
        Require.That(tokens is null || options.Task != TaskKind.Translate, $"{tokens} is a file of tokens: sentence pairs as text expected");
        Require.That(tokens is null || text is null, $"{tokens} is a file of tokens and {text} is text: one or the other expected, not both");

        TrainingData data = new();
        Reading reading = new(standardInput, cacheFolder, progress, cancellationToken);
        try
        {
            if (options.Task == TaskKind.Translate)
                data.LoadPairs(options, training, validation, given, givenSource, givenVocabulary, reading);
            else if (text is null)
                data.LoadTokens(options, training, validation, given, givenVocabulary, reading);
            else
                data.LoadText(options, training, validation, given, givenVocabulary, reading);
            if (data.Pairs is null)
                data.CheckLengths(options);
            return data;
        }
        catch
        {
            data.Dispose();
            throw;
        }
    }

    /// <summary>The options with which the run in a folder, or the one of which this is a checkpoint, reads its data.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="run">The folder of the run: the same, but for a checkpoint that lies in it.</param>
    /// <param name="hash">What <see cref="Hash"/> is where the data is still the same.</param>
    /// <returns>Null where it is no folder of a run.</returns>
    /// <exception cref="FileFormatException">What the run says of itself cannot be understood.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static TrainingOptions? OptionsOf(string folder, out string run, out string hash)
    {
        (run, hash) = (folder, "");
        if (!CheckpointFiles.Exists(folder))
            return null;
        TrainingState state = CheckpointFolder.ReadState(folder);
        (run, hash) = (RunPaths.FolderOfRun(folder), state.DataHash);
        return state.Options;
    }

    /// <summary>The loss of a model over all that was kept to validate with, as the run itself computes it after its last step; null where nothing was kept.</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">The options of the run, <see cref="OptionsOf"/>.</param>
    /// <param name="progress">Is told how far it is.</param>
    /// <param name="cancellationToken">Ends it without a result.</param>
    /// <exception cref="ArgumentException">The model is of another kind than the task, or the data too short.</exception>
    public double? ValidationLoss<T>(
        LanguageModel<T> model, TrainingOptions options, IProgress<DataProgress>? progress = null, CancellationToken cancellationToken = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using ILearningTask<T> task = LearningTasks.Create(model, options, this, OneRank.Instance);
        task.Progress = progress;
        return task.ValidationLoss(whole: true, cancellationToken);
    }

    /// <summary>Closes the token files.</summary>
    public void Dispose() => _files.ForEach(file => file.Dispose());

    private void LoadText(
        TrainingOptions options, string[] training, string[] validation, ITokenizer? given, int? givenVocabulary, Reading reading)
    {
        Require.That(given is not null || givenVocabulary is null,
            $"the model to start from has no tokenizer: one that goes with it, or token files (.bin), expected, text alone given");
        using TextCorpus corpus = reading.Open(training);
        using TextCorpus? other = validation.Length > 0 ? reading.Open(validation) : null;
        (IReadOnlyList<TextRange> train, IReadOnlyList<TextRange> rest) =
            other is null
                ? corpus.Split(options.ValidationFraction, betweenWords: HasPieces(options, given))
                : (corpus.Documents, other.Documents);
        Tokenizer = given ?? Learn(options, corpus.Documents, train, reading);
        VocabularySize = givenVocabulary ?? Tokenizer.VocabularySize;
        Bytes = corpus.Bytes + (other?.Bytes ?? 0);
        Hash = other is null
            ? corpus.Hash
            : TextCorpus.CombineHashes([Convert.FromHexString(corpus.Hash), Convert.FromHexString(other.Hash)]);
        _warnings.AddRange([.. corpus.Notes, .. other?.Notes ?? []]);
        WarnOfInvalid(training, corpus);
        if (other is not null)
            WarnOfInvalid(validation, other);
        Train = Tokenise(train, reading);
        Validation = Tokenise(rest, reading);
    }

    private void LoadPairs(
        TrainingOptions options, string[] training, string[] validation, ITokenizer? given, ITokenizer? givenSource, int? givenVocabulary, Reading reading)
    {
        Require.That(given is not null || givenVocabulary is null, $"the model to start from has no tokenizer: one that goes with it expected");
        List<PairLine> train, rest;
        if (options.Data.Count == 0)
        {
            (train, rest) = BundledPairs.Draw(options.Seed);
            Hash = BundledPairs.Hash(train, rest);
            Bytes = train.Concat(rest).Sum(pair => (long)pair.Source.Length + pair.Target.Length);
        }
        else
        {
            using TextCorpus corpus = reading.Open(training);
            using TextCorpus? other = validation.Length > 0 ? reading.Open(validation) : null;
            train = PairReader.Read(corpus, reading.CancellationToken);
            int length = other is null ? (int)Split.TrainLength(train.Count, options.ValidationFraction) : train.Count;
            rest = other is null ? train[length..] : PairReader.Read(other, reading.CancellationToken);
            train = train[..length];
            Bytes = corpus.Bytes + (other?.Bytes ?? 0);
            Hash = other is null
                ? corpus.Hash
                : TextCorpus.CombineHashes([Convert.FromHexString(corpus.Hash), Convert.FromHexString(other.Hash)]);
            _warnings.AddRange([.. corpus.Notes, .. other?.Notes ?? []]);
        }
        PairTokenizers tokenizers = PairLoading.TokenizersOf(
            options, train, options.Data.Count == 0 ? BundledPairs.Marks : [], given, givenSource, reading.Progress, reading.CancellationToken);
        (SourceTokenizer, Tokenizer) = (tokenizers.Source, tokenizers.Target);
        VocabularySize = givenVocabulary ?? Tokenizer.VocabularySize;
        ValidationPairs = rest;
        TokenPairs? kept = rest.Count > 0 ? PairLoading.Tokenise(rest, tokenizers, options.Context, reading.CancellationToken) : null;
        Pairs = new TranslationData(PairLoading.Tokenise(train, tokenizers, options.Context, reading.CancellationToken), kept);
        Train = TokenSource.FromIds([.. Pairs.Train.Targets.SelectMany(ids => ids)], Tokenizer.VocabularySize);
        Validation = kept is null ? null : TokenSource.FromIds([.. kept.Targets.SelectMany(ids => ids)], Tokenizer.VocabularySize);
    }

    /// <summary>Whether a tokenizer looks at more than one character at a time, so that it matters where a text is cut.</summary>
    private static bool HasPieces(TrainingOptions options, ITokenizer? given) =>
        given is null ? options.Tokenizer != LearnedTokenizer.Character : given is not CharacterTokenizer;

    private static ITokenizer Learn(
        TrainingOptions options, IReadOnlyList<TextRange> all, IReadOnlyList<TextRange> train, Reading reading)
    {
        switch (options.Tokenizer)
        {
            case LearnedTokenizer.Character:
                return TokenizerLearner.Characters(all, options.Unknown, reading.Progress, reading.CancellationToken);
            case LearnedTokenizer.Word:
                return TokenizerLearner.Words(all, options.Unknown, reading.Progress, reading.CancellationToken);
            default:
                Require.That(options.VocabularySize is not null, $"a tokenizer that is learned needs to know how large its vocabulary is to be");
                return TokenizerLearner.Subwords(
                    options.Tokenizer, train, options.VocabularySize!.Value, SpecialTokens(options), reading.Progress, reading.CancellationToken);
        }
    }

    private static string[] SpecialTokens(TrainingOptions options) => options.Task == TaskKind.Masked && options.Tokenizer != LearnedTokenizer.WordPiece
        ? [Tokenizers.Tokenizer.EndOfText, WordPieceTokenizer.Mask]
        : [Tokenizers.Tokenizer.EndOfText];

    private void WarnOfInvalid(string[] sources, TextCorpus corpus)
    {
        if (corpus.InvalidSequences == 0)
            return;
        string outcome = Tokenizer is BytePairTokenizer or PieceTokenizer ? "stay as they are" : "became U+FFFD";
        _warnings.Add($"{string.Join(", ", sources)}: {corpus.InvalidSequences} byte sequences are not valid UTF-8 and {outcome}");
    }

    private TokenSource Tokenise(IReadOnlyList<TextRange> text, Reading reading)
    {
        if (reading.CacheFolder is null || text.Count == 0)
            return TextTokens.InMemory(text, Tokenizer!, reading.Progress, reading.CancellationToken);
        TokenFile file = new TokenCache(reading.CacheFolder).Open(text, Tokenizer!, reading.Progress, reading.CancellationToken);
        _files.Add(file);
        return file;
    }

    private void LoadTokens(
        TrainingOptions options, string[] training, string[] validation, ITokenizer? given, int? givenVocabulary, Reading reading)
    {
        Tokenizer = given;
        TokenFile[] trainingFiles = Open(training), validationFiles = Open(validation);
        string[] paths = [.. training, .. validation];
        int[] largest = Scan(reading);
        // A file can say how large its vocabulary is, and a model has room for all tokens of its tokenizer.
        int named = Math.Max(given?.VocabularySize ?? 0, _files.Max(file => file.VocabularySize ?? 0));
        VocabularySize = givenVocabulary ?? options.VocabularySize ?? Math.Max(largest.Max() + 1, named);
        if (Array.FindIndex(largest, id => id >= VocabularySize) is var wrong and >= 0)
        {
            throw new FileFormatException(paths[wrong],
                $"the id {largest[wrong]} found, at most {VocabularySize - 1} expected in a vocabulary of {VocabularySize}");
        }

        Train = TokenSource.Concatenate(trainingFiles);
        if (validationFiles.Length > 0)
        {
            Validation = TokenSource.Concatenate(validationFiles);
            return;
        }
        long length = Split.TrainLength(Train.Length, options.ValidationFraction);
        Validation = Train.Slice(length, Train.Length - length);
        Train = Train.Slice(0, length);
    }

    private TokenFile[] Open(string[] paths)
    {
        List<TokenFile> opened = [];
        foreach (string path in paths)
        {
            opened.Add(TokenFile.Open(path));
            _files.Add(opened[^1]);
        }
        return [.. opened];
    }

    private void CheckLengths(TrainingOptions options)
    {
        _ = BatchSource.Create(options.Batches, Train, options.Context, options.BatchSize, options.Accumulate, options.Seed);
        if (Validation!.Length >= 2)
            return;
        Require.That(options.ValidationData is null, $"{options.ValidationData} has {Validation.Length} tokens: validation needs at least 2");
        if (options.ValidationFraction > 0)
            _warnings.Add($"{Validation.Length} tokens are left for validation, which needs at least 2: there will be none");
        Validation = null;
    }

    /// <summary>Reads all token files, hashes them and returns the largest id of each.</summary>
    private int[] Scan(Reading reading)
    {
        long total = _files.Sum(file => file.Bytes);
        (int MaxId, byte[] Hash)[] found = [.. _files.Select(file => file.Scan(Count, reading.CancellationToken))];
        Hash = TextCorpus.CombineHashes(Array.ConvertAll(found, file => file.Hash));
        return Array.ConvertAll(found, file => file.MaxId);

        void Count(int bytes)
        {
            Bytes += bytes;
            reading.Progress?.Report(new DataProgress("reading", Bytes, total));
        }
    }

    /// <summary>How data is read.</summary>
    private sealed record Reading(
        Stream? StandardInput, string? CacheFolder, IProgress<DataProgress>? Progress, CancellationToken CancellationToken)
    {
        public TextCorpus Open(string[] sources) => TextCorpus.Open(sources, StandardInput, Progress, CancellationToken);
    }
}
