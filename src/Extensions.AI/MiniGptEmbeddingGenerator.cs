using Microsoft.Extensions.AI;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Extensions.AI;

/// <summary>A model in this process as a maker of vectors: the mean of its last hidden states, of length 1. Any number of callers may use it at once.</summary>
/// <param name="model">The model, which stays the caller's to dispose of.</param>
public sealed class MiniGptEmbeddingGenerator(TextModel model) : IEmbeddingGenerator<string, Embedding<float>>
{
    private readonly TextVectors _vectors = new(model.Model);
    private readonly EmbeddingGeneratorMetadata _metadata = new("minigpt", null, model.Id, model.Config.Width);
    private readonly Lock _oneAtATime = new();

    /// <summary>Vectors for texts.</summary>
    /// <param name="values">The texts.</param>
    /// <param name="options">Another number of dimensions than the model's is refused; null for the defaults.</param>
    /// <param name="cancellationToken">Ends it between two texts.</param>
    /// <exception cref="ArgumentException">A text is empty or longer than the context, or has what the tokenizer cannot say.</exception>
    /// <exception cref="NotSupportedException">Other dimensions are asked for.</exception>
    public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        if (options?.Dimensions is int dimensions && dimensions != model.Config.Width)
            throw new NotSupportedException($"the model's vectors have {model.Config.Width} dimensions, {dimensions} were asked for");
        string[] texts = [.. values];
        return Task.Run(() => Generate(texts, cancellationToken), cancellationToken);
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is not null ? null
        : serviceType == typeof(EmbeddingGeneratorMetadata) ? _metadata
        : serviceType == typeof(TextModel) ? model
        : serviceType.IsInstanceOfType(this) ? this
        : null;

    /// <summary>Frees its own memory; the model is its owner's.</summary>
    public void Dispose() => _vectors.Dispose();

    private GeneratedEmbeddings<Embedding<float>> Generate(string[] texts, CancellationToken cancellationToken)
    {
        TextEnds ends = model.Tokenizer.Ends;
        GeneratedEmbeddings<Embedding<float>> embeddings = [];
        long tokens = 0;
        foreach (string text in texts)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int[] ids = [.. ends.Before, .. model.Tokenizer.Encode(text), .. ends.Behind];
            if (ids.Length > model.Config.Context)
                throw new ArgumentException($"a text has {ids.Length} tokens, more than the model's context of {model.Config.Context}", nameof(texts));
            tokens += ids.Length;
            lock (_oneAtATime)
                embeddings.Add(new Embedding<float>(_vectors.OfLengthOne(ids)) { ModelId = model.Id });
        }

        embeddings.Usage = new UsageDetails { InputTokenCount = tokens, TotalTokenCount = tokens };
        return embeddings;
    }
}
