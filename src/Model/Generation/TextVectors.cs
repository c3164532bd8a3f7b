using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Generation;

/// <summary>
/// Vectors for texts, made of a model's last hidden states: those of an encoder, which sees in both directions, or of a decoder.
/// Not safe for use from several threads at once; any number of these can share one model.
/// </summary>
public sealed class TextVectors : IDisposable
{
    private readonly LanguageModel<float> _model;
    private readonly Tape<float> _tape = new(records: false);

    /// <summary>Makes vectors with a model.</summary>
    /// <exception cref="ArgumentException">The model translates: it has no one state of a text.</exception>
    public TextVectors(LanguageModel<float> model)
    {
        Require.That(model is Encoder<float> or Decoder<float>, $"a model that translates has no vectors for texts");
        _model = model;
    }

    /// <summary>The vector of a text.</summary>
    /// <param name="ids">The text's ids, with those round it: at least one, at most a context of them.</param>
    /// <param name="pooling">How it is made of those of the tokens.</param>
    /// <param name="segments">The segment of each token, for an encoder; left out, 0 for all.</param>
    /// <returns>C numbers.</returns>
    /// <exception cref="ArgumentException">The text is empty or longer than the context, or an id is outside of the vocabulary.</exception>
    public float[] Of(ReadOnlySpan<int> ids, Pooling pooling = Pooling.Mean, ReadOnlySpan<int> segments = default)
    {
        Require.That(ids.Length > 0, $"the text is empty: it has no vector");
        _tape.Reset();
        Tensor<int> tokens = _tape.Copy(ids, [1, ids.Length]);
        ForwardPass<float> pass = new(_tape);
        Tensor<int> kinds = segments.IsEmpty ? default : _tape.Copy(segments, [1, ids.Length]);
        ReadOnlySpan<float> hidden = (_model is Encoder<float> encoder ? encoder.Hidden(tokens, pass, kinds) : ((Decoder<float>)_model).Hidden(tokens, pass)).Value.Span;
        int width = _model.Config.Width;
        float[] vector = hidden[..width].ToArray();
        if (pooling == Pooling.First)
            return vector;
        for (int row = 1; row < ids.Length; row++)
        {
            for (int i = 0; i < width; i++)
                vector[i] += hidden[row * width + i];
        }
        for (int i = 0; i < width; i++)
            vector[i] /= ids.Length;
        return vector;
    }

    /// <summary>The mean's direction: the same vector at length 1.</summary>
    /// <inheritdoc cref="Of"/>
    public float[] OfLengthOne(ReadOnlySpan<int> ids)
    {
        float[] vector = Of(ids);
        double length = 0;
        foreach (float number in vector)
            length += (double)number * number;
        float factor = length > 0 ? (float)(1 / Math.Sqrt(length)) : 0;
        return Array.ConvertAll(vector, number => number * factor);
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose() => _tape.Dispose();
}
