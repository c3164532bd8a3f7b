using MiniGpt.Model.Architectures;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Server.Http;

namespace MiniGpt.Server;

/// <summary>A model that is served: whatever it is asked for, it is in memory once.</summary>
/// <param name="text">The model, which belongs to this from here on.</param>
public sealed class ServedModel(TextModel text) : IAsyncDisposable
{
    private readonly Turns _turns = new(text.Limits.MostQueued);

    /// <summary>Its name to clients.</summary>
    public string Id => text.Id;

    /// <summary>Turns texts to ids and back.</summary>
    public ITokenizer Tokenizer => text.Tokenizer;

    /// <summary>How conversations are written down.</summary>
    public ChatTemplate Template => text.Template;

    /// <summary>The ids that end a text.</summary>
    public IReadOnlyList<int> EndIds => text.EndIds;

    /// <summary>The model's sizes and choices.</summary>
    public TransformerConfig Config => text.Config;

    /// <summary>How many numbers the model has learned.</summary>
    public long Parameters { get; } = text.Model.Parameters.All.Sum(parameter => parameter.Shape.Count);

    /// <summary>When it was ready, in seconds since 1970.</summary>
    public long Created { get; } = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>Continues texts; null of models that do not.</summary>
    public GenerationService<float>? Generation => text.Generation;

    /// <summary>The model as one that continues texts.</summary>
    /// <exception cref="ApiException">It is another kind.</exception>
    internal GenerationService<float> RequireGeneration() => Generation
        ?? throw new ApiException(400, $"the model '{Id}' does not go on with a text: it {(text.Model is Encoder<float> ? "reads, /v1/embeddings is for it" : "translates, /v1/translate is for it")}",
            code: "unsupported_by_model");

    /// <summary>Vectors of texts, of length 1.</summary>
    internal Task<float[][]> Embed(IReadOnlyList<int[]> texts, CancellationToken cancellationToken)
    {
        if (text.Model is not (Encoder<float> or Decoder<float>))
            throw new ApiException(400, $"the model '{Id}' translates: it has no vectors for texts", code: "unsupported_by_model");
        return _turns.Take(() =>
        {
            using TextVectors vectors = new(text.Model);
            return (float[][])[.. texts.Select(ids =>
            {
                cancellationToken.ThrowIfCancellationRequested();
                return vectors.OfLengthOne(ids);
            })];
        }, cancellationToken);
    }

    /// <summary>How much one position of a text takes from each of its positions, in one head; zero of those that it does not see.</summary>
    internal Task<float[]> Attention(int[] ids, int layer, int head, int position, CancellationToken cancellationToken) => _turns.Take(() =>
    {
        switch (text.Model)
        {
            case Decoder<float> decoder:
                using (DecoderTrace<float> trace = decoder.Trace(ids))
                    return Row(trace);
            case Encoder<float> encoder:
                using (EncoderTrace<float> trace = encoder.Trace(ids))
                    return Row(trace);
            default:
                throw new ApiException(400, $"the model '{Id}' translates: what it looks at, minigpt explain shows", code: "unsupported_by_model");
        }

        float[] Row(TextTrace<float> trace) => trace.Blocks[layer].Weights.Span.Slice((head * ids.Length + position) * ids.Length, ids.Length).ToArray();
    }, cancellationToken);

    /// <summary>Translations of sentences.</summary>
    internal Task<IReadOnlyList<Translation>[]> Translate(IReadOnlyList<string> sentences, string? language, SearchOptions options, CancellationToken cancellationToken)
    {
        if (text.Model is not Translator<float> translator)
            throw new ApiException(400, $"the model '{Id}' does not translate", code: "unsupported_by_model");
        return _turns.Take(() =>
        {
            using SentenceTranslator sentenceTranslator = new(translator, Tokenizer, language, text.SourceTokenizer);
            return sentenceTranslator.Translate(sentences, options, cancellationToken);
        }, cancellationToken);
    }

    /// <summary>Ends all work and frees the memory.</summary>
    public async ValueTask DisposeAsync()
    {
        await text.DisposeAsync().ConfigureAwait(false);
        _turns.Dispose();
    }
}
