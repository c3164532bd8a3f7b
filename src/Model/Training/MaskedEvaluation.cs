using System.Text.Json.Nodes;
using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tasks;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Training;

/// <summary>How well a model says what stands where words are masked.</summary>
/// <param name="Words">How many tokens were masked.</param>
/// <param name="Loss">The mean cross-entropy in nats of one.</param>
/// <param name="First">The share of them of which the likeliest token was the right one.</param>
/// <param name="FirstTen">The share of them of which the right one was among the ten likeliest.</param>
public sealed record MaskedEvaluation(long Words, double Loss, double First, double FirstTen)
{
    private const int RowsAtOnce = 16;
    private const int Ten = 10;

    /// <summary>The same share by frequency alone: how often the right word is one of the ten most frequent tokens of the training text.</summary>
    public double? FirstTenByFrequency { get; init; }

    /// <summary>The same share by a table of what stood between the same two neighbours in the training text.</summary>
    public double? FirstTenByNeighbours { get; init; }

    /// <summary>The loss over all that a run kept to validate with, masked as in training; null where there is no such text.</summary>
    public double? ValidationLoss { get; init; }

    /// <summary>Among how many equally likely tokens the model seems to choose: e to the loss.</summary>
    public double Perplexity => Math.Exp(Loss);

    /// <summary>
    /// Masks 15 % of the tokens of a text that are whole words and no punctuation, in back-to-back parts as long as the context has room for, always
    /// the same ones.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="source">A text file, a folder of text, or "-".</param>
    /// <param name="standardInput">What "-" reads.</param>
    /// <param name="progress">Is told how far it is.</param>
    /// <param name="notes">Takes what was passed over or read otherwise than it stands, a line each.</param>
    /// <param name="cancellationToken">Ends it without a result.</param>
    /// <exception cref="ArgumentException">The model has no tokenizer with a mask, or the text has no words or what the tokenizer cannot say.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static MaskedEvaluation Run(
        LoadedModel<float> model, string source, Stream? standardInput = null, IProgress<DataProgress>? progress = null,
        ICollection<string>? notes = null, CancellationToken cancellationToken = default)
    {
        ITokenizer tokenizer = TokenizerOf(model);
        using TextCorpus corpus = TextCorpus.Open([source], standardInput, progress, cancellationToken);
        foreach (string note in corpus.Notes)
            notes?.Add(note);
        return Run(model, TextTokens.InMemory(corpus.Documents, tokenizer, progress, cancellationToken), progress, cancellationToken: cancellationToken);
    }

    /// <summary>The same for tokens.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokens">The tokens.</param>
    /// <param name="progress">Is told how far it is.</param>
    /// <param name="learnedFrom">The tokens that the model has learned from, where what counting them says is to be told as well; else null.</param>
    /// <param name="cancellationToken">Ends it without a result.</param>
    /// <exception cref="ArgumentException">The model has no tokenizer with a mask, or there are no words.</exception>
    public static MaskedEvaluation Run(
        LoadedModel<float> model, TokenSource tokens, IProgress<DataProgress>? progress = null, TokenSource? learnedFrom = null,
        CancellationToken cancellationToken = default)
    {
        ITokenizer tokenizer = TokenizerOf(model);
        Encoder<float> encoder = model.Encoder.ForReading();
        int mask = new TokenMasking(tokenizer).MaskId;
        int length = encoder.Config.Context - tokenizer.Ends.Before.Count - tokenizer.Ends.Behind.Count;
        Counts counts = new() { Table = learnedFrom is null ? null : new NeighbourCounts(learnedFrom, tokenizer.VocabularySize, cancellationToken) };
        using Tape<float> tape = new(records: false) { Cancellation = cancellationToken };
        for (long start = 0, row = 0; start < tokens.Length; start += RowsAtOnce * (long)length)
        {
            for (long first = start; first < Math.Min(tokens.Length, start + RowsAtOnce * (long)length); first += length, row++)
            {
                int[] text = new int[Math.Min(length, tokens.Length - first)];
                tokens.Read(first, text);
                Evaluate(encoder, tokenizer, mask, text, (ulong)row, tape, counts);
            }
            progress?.Report(new DataProgress("filling in", Math.Min(tokens.Length, start + RowsAtOnce * (long)length), tokens.Length));
        }
        Require.That(counts.Words > 0, $"no word to mask found in the text, at least one expected");
        double words = counts.Words;
        return new MaskedEvaluation(counts.Words, counts.Loss / words, counts.First / words, counts.FirstTen / words)
        {
            FirstTenByFrequency = counts.Table is null ? null : counts.FirstTenByFrequency / words,
            FirstTenByNeighbours = counts.Table is null ? null : counts.FirstTenByNeighbours / words,
        };
    }

    /// <summary>The numbers as one JSON object.</summary>
    public string ToJson()
    {
        JsonObject json = new()
        {
            ["words"] = Words,
            ["loss"] = Loss,
            ["perplexity"] = Perplexity,
            ["first"] = First,
            ["first_ten"] = FirstTen,
        };
        if (FirstTenByFrequency is double byFrequency)
            json["first_ten_by_frequency"] = byFrequency;
        if (FirstTenByNeighbours is double byNeighbours)
            json["first_ten_by_neighbours"] = byNeighbours;
        if (ValidationLoss is double validationLoss)
            json["validation_loss"] = validationLoss;
        return json.ToJsonString();
    }

    private static ITokenizer TokenizerOf(LoadedModel<float> model) =>
        model.Tokenizer ?? throw new ArgumentException($"{model.Path} has no tokenizer to read text with");

    private static void Evaluate(Encoder<float> encoder, ITokenizer tokenizer, int mask, int[] text, ulong row, Tape<float> tape, Counts counts)
    {
        RandomStream stream = new(0, RandomPurpose.EvaluationMasking, row);
        int[] places = [.. Enumerable.Range(0, text.Length).Where(i => stream.Uniform((ulong)i) < TokenMasking.Share && IsWord(tokenizer, text, i))];
        if (places.Length == 0)
            return;
        TextEnds ends = tokenizer.Ends;
        int[] masked = [.. ends.Before, .. text, .. ends.Behind];
        foreach (int place in places)
            masked[ends.Before.Count + place] = mask;
        tape.Reset();
        Tensor<float> logits = encoder.Logits(tape.Copy<int>(masked, [1, masked.Length]), new ForwardPass<float>(tape)).Value;
        int Seen(int place) => place >= 0 && place < text.Length && !places.Contains(place) ? text[place] : NeighbourCounts.Unknown;
        foreach (int place in places)
        {
            ReadOnlySpan<float> said = logits.Slice(1, ends.Before.Count + place, 1).Span;
            int right = text[place], better = 0;
            foreach (float logit in said)
                better += logit > said[right] ? 1 : 0;
            counts.Words++;
            counts.First += better == 0 ? 1 : 0;
            counts.FirstTen += better < Ten ? 1 : 0;
            counts.Loss += LogSumExp.Of(said) - said[right];
            if (counts.Table is not { } table)
                continue;
            counts.FirstTenByFrequency += table.RankByFrequency(right) < Ten ? 1 : 0;
            counts.FirstTenByNeighbours += table.RankBetween(Seen(place - 1), right, Seen(place + 1)) < Ten ? 1 : 0;
        }
    }

    /// <summary>Whether a token is a whole word of letters, no piece of a longer one.</summary>
    private static bool IsWord(ITokenizer tokenizer, int[] text, int place)
    {
        if (tokenizer is not WordPieceTokenizer pieces)
            return tokenizer is not SubwordTokenizer other || !other.IsSpecial(text[place]);
        bool isWhole = !pieces.IsSpecial(text[place]) && !pieces.IsInsideWord(text[place]) && (place + 1 == text.Length || !pieces.IsInsideWord(text[place + 1]));
        return isWhole && char.IsLetterOrDigit(pieces.TokenText(text[place])[0]);
    }

    private sealed class Counts
    {
        public long Words, First, FirstTen, FirstTenByFrequency, FirstTenByNeighbours;
        public double Loss;

        public NeighbourCounts? Table { get; init; }
    }
}
