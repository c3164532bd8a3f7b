using System.Numerics;

namespace MiniGpt.Model.Architectures;

/// <summary>Looking into a model.</summary>
public static class ModelTracing
{
    /// <summary>Runs a text through the model and keeps every intermediate value.</summary>
    /// <param name="model">The model.</param>
    /// <param name="ids">One to T tokens.</param>
    /// <exception cref="ArgumentException">
    /// There is no token, there are more than the context, one is outside of the vocabulary, or the model is a recurrent network.
    /// </exception>
    public static DecoderTrace<T> Trace<T>(this Decoder<T> model, ReadOnlySpan<int> ids)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Require.That(model.Config.Recurrence is null, $"what there is to see in a model is its attention; a recurrent network has none");
        return new(model, ids);
    }

    /// <summary>Runs a text through the model and keeps every intermediate value.</summary>
    /// <param name="model">The model.</param>
    /// <param name="ids">One to T tokens.</param>
    /// <param name="segments">The kind of text of each of them; empty for the first kind everywhere.</param>
    /// <exception cref="ArgumentException">There is no token, there are more than the context, or one or a segment is outside of its table.</exception>
    public static EncoderTrace<T> Trace<T>(this Encoder<T> model, ReadOnlySpan<int> ids, ReadOnlySpan<int> segments = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => new(model, ids, segments);

    /// <summary>Runs a text and its translation through the model and keeps every intermediate value.</summary>
    /// <param name="model">The model.</param>
    /// <param name="source">The text, with the token that ends it.</param>
    /// <param name="ids">The translation, with the token that begins it.</param>
    /// <exception cref="ArgumentException">There is no token, there are more than the context, or one is outside of the vocabulary.</exception>
    public static TranslationTrace<T> Trace<T>(this Translator<T> model, ReadOnlySpan<int> source, ReadOnlySpan<int> ids)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => new(model, source, ids);
}
