using System.Security.Cryptography;
using System.Text;
using MiniGpt.Model.Data;
using MiniGpt.Model.Formats;
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

    /// <summary>The tokens to learn from: at least one more than the context.</summary>
    public TokenSource Train { get; private set; } = null!;

    /// <summary>The tokens to validate with, at least two; null where nothing was kept for it. They can be fewer than the context.</summary>
    public TokenSource? Validation { get; private set; }

    /// <summary>The tokenizer of the text, or the one that was given. Token files need none.</summary>
    public ITokenizer? Tokenizer { get; private set; }

    /// <summary>V: no id is as large.</summary>
    public int VocabularySize { get; private set; }

    /// <summary>The SHA-256 of the content, in hexadecimal, by which a resumed run knows its data again.</summary>
    public string Hash { get; private set; } = "";

    /// <summary>The bytes of all content; of text in UTF-8.</summary>
    public long Bytes { get; private set; }

    /// <summary>What the user should hear of, a line each.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>
    /// Reads the data that the options name. Text is split first and then tokenised, with the tokenizer that is given, or else by the
    /// characters of the training text in code-point order.
    /// </summary>
    /// <param name="options">Where the data is, how it is split and how long a context is.</param>
    /// <param name="bundledCorpusPath">The text to read where the options name none.</param>
    /// <param name="given">The tokenizer of the model that training starts from.</param>
    /// <param name="givenVocabulary">V of the model that training starts from. It decides over the options.</param>
    /// <param name="standardInput">What "-" reads.</param>
    /// <exception cref="ArgumentException">
    /// Text and token files are mixed; the text is shorter than one context, or holds what the tokenizer cannot say; or a model without
    /// a tokenizer is to learn from text.
    /// </exception>
    /// <exception cref="FileFormatException">A file is empty or no file of tokens, or has an id outside of the vocabulary.</exception>
    /// <exception cref="IOException">A file is missing or cannot be read.</exception>
    public static TrainingData Load(
        TrainingOptions options,
        string bundledCorpusPath,
        ITokenizer? given = null,
        int? givenVocabulary = null,
        Stream? standardInput = null)
    {
        string[] training = options.Data.Count > 0 ? [.. options.Data] : [bundledCorpusPath];
        string[] validation = options.ValidationData is string path ? [path] : [];
        string[] all = [.. training, .. validation];
        string? tokens = all.FirstOrDefault(TextSource.IsTokenFile);
        string? text = all.FirstOrDefault(source => !TextSource.IsTokenFile(source));
        Require.That(tokens is null || text is null, $"{tokens} is a file of tokens and {text} is text: one or the other expected, not both");

        TrainingData data = new();
        try
        {
            if (text is null)
                data.LoadTokens(options, training, validation, given, givenVocabulary);
            else
                data.LoadText(options, training, validation, given, givenVocabulary, standardInput);
            data.CheckLengths(options);
            return data;
        }
        catch
        {
            data.Dispose();
            throw;
        }
    }

    /// <summary>Closes the token files.</summary>
    public void Dispose() => _files.ForEach(file => file.Dispose());

    private void LoadText(
        TrainingOptions options, string[] training, string[] validation, ITokenizer? given, int? givenVocabulary, Stream? standardInput)
    {
        Require.That(given is not null || givenVocabulary is null,
            $"the model to start from has no tokenizer: token files (.bin) expected, text given");
        string text = ReadText(training, standardInput);
        ITokenizer tokenizer = given ?? CharacterTokenizer.FromText(text, options.Unknown);
        Tokenizer = tokenizer;
        VocabularySize = givenVocabulary ?? tokenizer.VocabularySize;
        if (validation.Length > 0)
        {
            string other = ReadText(validation, standardInput);
            Hash = HashText(text, other);
            Train = Encode(text);
            Validation = Encode(other);
        }
        else
        {
            int length = Split.TrainLength(text, options.ValidationFraction);
            Hash = HashText(text);
            Train = Encode(text.AsSpan(0, length));
            Validation = Encode(text.AsSpan(length));
        }

        TokenSource Encode(ReadOnlySpan<char> part) => TokenSource.FromIds(tokenizer.Encode(part), VocabularySize);
    }

    private string ReadText(string[] sources, Stream? standardInput)
    {
        LoadedText loaded = TextSource.Read(sources, standardInput);
        if (loaded.InvalidSequences > 0)
            _warnings.Add($"{string.Join(", ", sources)}: {loaded.InvalidSequences} byte sequences are no UTF-8 and became U+FFFD");
        return loaded.Text;
    }

    private void LoadTokens(TrainingOptions options, string[] training, string[] validation, ITokenizer? given, int? givenVocabulary)
    {
        Tokenizer = given;
        TokenFile[] trainingFiles = Open(training), validationFiles = Open(validation);
        string[] paths = [.. training, .. validation];
        int[] largest = [.. _files.Select(file => file.MaxId())];
        VocabularySize = givenVocabulary ?? options.VocabularySize ?? largest.Max() + 1;
        if (Array.FindIndex(largest, id => id >= VocabularySize) is var wrong and >= 0)
        {
            throw new FileFormatException(paths[wrong],
                $"the id {largest[wrong]} found, at most {VocabularySize - 1} expected in a vocabulary of {VocabularySize}");
        }

        Hash = HashFiles(paths);
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
        Require.That(Train.Length > options.Context,
            $"{Train.Length} tokens to train on are too few: a context of {options.Context} needs at least {options.Context + 1L}");
        if (Validation!.Length >= 2)
            return;
        Require.That(options.ValidationData is null, $"{options.ValidationData} has {Validation.Length} tokens: validation needs at least 2");
        if (options.ValidationFraction > 0)
            _warnings.Add($"{Validation.Length} tokens are left for validation, which needs at least 2: there will be none");
        Validation = null;
    }

    /// <summary>The hash of one content is that of its bytes; of several, that of their hashes.</summary>
    private string HashText(params string[] texts) => Combine([.. texts.Select(text =>
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Encoder encoder = Encoding.UTF8.GetEncoder();
        byte[] chunk = new byte[1 << 16];
        for (int start = 0; start < text.Length;)
        {
            encoder.Convert(text.AsSpan(start), chunk, flush: true, out int used, out int written, out _);
            hash.AppendData(chunk, 0, written);
            start += used;
            Bytes += written;
        }
        return hash.GetHashAndReset();
    })]);

    private string HashFiles(string[] paths) => Combine([.. paths.Select(path =>
    {
        using FileStream file = File.OpenRead(path);
        Bytes += file.Length;
        return SHA256.HashData(file);
    })]);

    private static string Combine(byte[][] hashes) =>
        Convert.ToHexStringLower(hashes.Length == 1 ? hashes[0] : SHA256.HashData([.. hashes.SelectMany(hash => hash)]));
}
