using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;

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
    private const int MostAtOnce = 64; // neurons, whose effects on all tokens are in memory together

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
        Require.That(model.Config.Recurrence is null, $"heads and feed-forward layers are asked here; a recurrent network has none");
        ModelPart.CheckLayer(model.Config, layer);
        Require.That((uint)index < (uint)model.Config.FeedForwardWidth, $"there is no neuron {index + 1}: each layer has {model.Config.FeedForwardWidth}");
        return Of(model, [(layer, index)], count)[0];
    }

    /// <summary>The same of several neurons, which must be there.</summary>
    internal static NeuronView[] Of<T>(Decoder<T> model, IReadOnlyList<(int Layer, int Index)> neurons, int count)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        LogitDirection.Check(model);
        using Tape<T> tape = new(records: false);
        List<NeuronView> views = [];
        foreach ((int Layer, int Index)[] some in neurons.Chunk(MostAtOnce))
        {
            tape.Reset();
            T[] written = [.. some.SelectMany(neuron => WrittenBy(model, neuron.Layer, neuron.Index).Select(T.CreateChecked))];
            Tensor<T> effects = tape.Constant(Tensor<T>.From(written, [some.Length, model.Config.Width])).Linear(model.Head).Value; // (N, V)
            views.AddRange(some.Select((neuron, row) => Of(neuron.Layer, neuron.Index, RowReading.Of(effects, row), count)));
        }
        return [.. views];
    }

    private static NeuronView Of(int layer, int index, double[] effects, int count)
    {
        int[] raised = Ranking.Greatest(effects, count), lowered = Ranking.Greatest<double>([.. effects.Select(effect => -effect)], count);
        return new NeuronView(layer, index, [.. raised.Select(Effect)], [.. lowered.Select(Effect)]);

        TokenEffect Effect(int id) => new(id, effects[id]);
    }

    /// <summary>What one unit of a neuron's activity is, when it comes to the head.</summary>
    private static double[] WrittenBy<T>(Decoder<T> model, int layer, int index)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tensor<T> down = model.Stack.Blocks[layer].FeedForward.Down.Weight.Value; // (C, F)
        double[] written = [.. Enumerable.Range(0, model.Config.Width).Select(row => double.CreateChecked(down[row, index]))];
        foreach (Norm<T> norm in NormsAfter(model, layer))
            written = FrozenNorm.WithoutScale(norm, model.Config.Norm).Apply(written);
        return written;
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
