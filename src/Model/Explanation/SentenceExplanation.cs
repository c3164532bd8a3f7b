using System.Globalization;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Explanation;

/// <summary>A token of the sentence.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Bytes">Its bytes, in hexadecimal.</param>
public sealed record TokenView(int Id, string Bytes);

/// <summary>A model's sizes and choices, as a page names them.</summary>
/// <param name="VocabularySize">V.</param>
/// <param name="Context">T.</param>
/// <param name="Layers">How many blocks.</param>
/// <param name="Heads">H.</param>
/// <param name="KeyHeads">G: heads of keys and values.</param>
/// <param name="Width">C.</param>
/// <param name="HeadSize">D.</param>
/// <param name="FeedForwardWidth">F.</param>
/// <param name="Positions">How positions are told apart.</param>
/// <param name="ParameterCount">How many numbers training can change.</param>
public sealed record SizesView(
    int VocabularySize, int Context, int Layers, int Heads, int KeyHeads, int Width, int HeadSize, int FeedForwardWidth,
    PositionKind Positions, long ParameterCount)
{
    internal static SizesView Of(TransformerConfig config) => new(
        config.VocabularySize, config.Context, config.Layers, config.Attention.Heads, config.Attention.KeyHeads, config.Width,
        config.HeadSize, config.FeedForwardWidth, config.Positions.Kind, new ModelShape(config).TrainedCount);
}

/// <summary>A model and its sizes.</summary>
/// <param name="Name">Its folder's name.</param>
/// <param name="Config">Its sizes and choices.</param>
public sealed record ModelView(string Name, SizesView Config);

/// <summary>All that a page shows of what a model does with a sentence.</summary>
/// <param name="Model">The model.</param>
/// <param name="Text">The sentence.</param>
/// <param name="Tokens">How it was cut.</param>
/// <param name="Texts">The text of each token that is named anywhere.</param>
/// <param name="Embedding">The token embedding.</param>
/// <param name="Positions">The position embedding.</param>
/// <param name="Attention">Who looks at whom.</param>
/// <param name="Predictions">What is expected next.</param>
/// <param name="Generation">How it would go on.</param>
public sealed record SentenceExplanation(
    ModelView Model, string Text, TokenView[] Tokens, Dictionary<int, string> Texts,
    EmbeddingView Embedding, PositionView Positions, AttentionView Attention, PredictionView Predictions, GenerationView Generation)
{
    private const int NamedCandidates = 200;

    /// <summary>Runs a sentence through a model and collects what there is to see.</summary>
    /// <param name="model">The model; it must have a tokenizer.</param>
    /// <param name="text">The sentence. Of more tokens than the context, the first are taken.</param>
    /// <param name="left">How many tokens were left out.</param>
    /// <exception cref="ArgumentException">There is no tokenizer, the model is a recurrent network, the text is empty, or it holds what the vocabulary cannot say.</exception>
    public static SentenceExplanation Of(LoadedModel<float> model, string text, out int left)
    {
        ITokenizer tokenizer = model.Tokenizer
            ?? throw new ArgumentException($"{model.Path} has no tokenizer to cut a text with: a model with a tokenizer.json expected");
        int[] all = tokenizer.Encode(text);
        Require.That(all.Length > 0, $"the text is empty, at least one token expected");
        int[] ids = all[..Math.Min(all.Length, model.Model.Config.Context)];
        left = all.Length - ids.Length;

        using DecoderTrace<float> trace = model.Model.Trace(ids);
        EmbeddingView embedding = EmbeddingView.Of(model.Model.Tokens.Table.Value, ids);
        PredictionView predictions = PredictionView.Of(model.Model, trace);
        GenerationView generation = GenerationView.Of(model.Model, tokenizer, ids);
        int size = model.Model.Config.VocabularySize;
        IEnumerable<int> named = embedding.MapIds
            .Concat(embedding.Neighbours.SelectMany(neighbours => neighbours).Select(neighbour => neighbour.Id))
            .Concat(predictions.Positions.SelectMany(position => position.Likeliest).Select(candidate => candidate.Id))
            .Concat(predictions.Lens.SelectMany(row => row.Likeliest).Select(candidate => candidate.Id))
            .Concat(Ranking.Greatest(trace.Logits.Span[^size..], NamedCandidates))
            .Concat(generation.Chosen);
        return new SentenceExplanation(
            new ModelView(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(model.Path))), SizesView.Of(model.Model.Config)),
            left == 0 ? text : tokenizer.Decode(ids),
            [.. ids.Select(id => new TokenView(id, HexBytes(tokenizer.TokenBytes(id))))],
            named.Distinct().Order().ToDictionary(id => id, id => TextOf(tokenizer, id)),
            embedding,
            PositionView.Of(model.Model),
            AttentionView.Of(trace),
            predictions,
            generation);
    }

    /// <summary>A model may have more tokens than its tokenizer.</summary>
    private static string TextOf(ITokenizer tokenizer, int id) =>
        id < tokenizer.VocabularySize ? tokenizer.TokenText(id) : string.Create(CultureInfo.InvariantCulture, $"#{id}");

    private static string HexBytes(ReadOnlySpan<byte> bytes) => string.Join(' ', bytes.ToArray().Select(value => $"{value:X2}"));
}
