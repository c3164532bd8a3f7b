using System.Numerics;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MiniGpt.Model.Explanation;

/// <summary>What a neuron does to the logit of a token.</summary>
/// <param name="Id">The token.</param>
/// <param name="Effect">How much of its logit one unit of the neuron's activity is, where the scale of the norms on the way is 1.</param>
public readonly record struct TokenEffect(int Id, double Effect);

/// <summary>
/// The tokens that one neuron of the feed-forward layers speaks for and against (Geva et al. 2022): what it writes into the residual stream, a column
/// of the matrix back to it, goes through the norms on the way and the head. The scale of a norm depends on the text, and is left out: it multiplies
/// all effects alike.
/// </summary>
/// <param name="Layer">The block, from 0.</param>
/// <param name="Index">The neuron's place between the matrices of its feed-forward layers, from 0.</param>
/// <param name="Raises">The tokens whose logits it raises most, most first.</param>
/// <param name="Lowers">The tokens whose logits it lowers most, most first.</param>
public sealed record NeuronView(int Layer, int Index, IReadOnlyList<TokenEffect> Raises, IReadOnlyList<TokenEffect> Lowers)
{
    /// <summary>Asks a model's parameters; no text is needed.</summary>
    /// <param name="model">The model.</param>
    /// <param name="layer">The block, from 0.</param>
    /// <param name="index">The neuron, from 0.</param>
    /// <param name="count">How many tokens of each kind are wanted.</param>
    /// <exception cref="ArgumentException">There is no such neuron, the model is a recurrent network, or its logits are no linear function of its last hidden state.</exception>
    /// <exception cref="InvalidOperationException">The model's matrices are laid out to be read.</exception>
    public static NeuronView Of<T>(Decoder<T> model, int layer, int index, int count)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TransformerConfig config = model.Config;
        Require.That(config.Recurrence is null, $"heads and feed-forward layers are asked here; a recurrent network has none");
        ModelPart.CheckLayer(config, layer);
        Require.That((uint)index < (uint)config.FeedForwardWidth, $"there is no neuron {index + 1}: each layer has {config.FeedForwardWidth}");
        LogitDirection.Check(model);
        Tensor<T> down = model.Stack.Blocks[layer].FeedForward.Down.Weight.Value; // (C, F)
        double[] written = [.. Enumerable.Range(0, config.Width).Select(row => double.CreateChecked(down[row, index]))];
        foreach (Norm<T> norm in NormsAfter(model, layer))
            written = FrozenNorm.WithoutScale(norm, config.Norm).Apply(written);

        double[] effects = [.. Enumerable.Range(0, config.VocabularySize).Select(id => TensorPrimitives.Dot<double>(RowReading.Of(model.Head.Value, id), written))];
        int[] raised = Ranking.Greatest(effects, count), lowered = Ranking.Greatest<double>([.. effects.Select(effect => -effect)], count);
        return new NeuronView(layer, index, [.. raised.Select(Effect)], [.. lowered.Select(Effect)]);

        TokenEffect Effect(int id) => new(id, effects[id]);
    }

    /// <summary>The norms between what the feed-forward layers of a block write and the head.</summary>
    private static IEnumerable<Norm<T>> NormsAfter<T>(Decoder<T> model, int layer)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (model.Stack.FinalNorm is { } last)
            return [last];
        IEnumerable<Norm<T>> later = model.Stack.Blocks.Skip(layer + 1).SelectMany(block => (Norm<T>[])[block.AttentionNorm, block.FeedForwardNorm]);
        return later.Prepend(model.Stack.Blocks[layer].FeedForwardNorm);
    }
}
