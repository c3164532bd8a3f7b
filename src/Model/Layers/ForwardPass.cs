using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Layers;

/// <summary>
/// What goes through a model together with the numbers: the tape, and what makes training, generation and tracing different from each
/// other. The layers are the same for all of them.
/// </summary>
/// <param name="Tape">Where everything is kept.</param>
public readonly record struct ForwardPass<T>(Tape<T> Tape)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The dropouts' random numbers in training; null otherwise.</summary>
    public DropoutStreams? Dropout { get; init; }

    /// <summary>The keys and values of the positions before, in generation; null where all positions come at once.</summary>
    public AttentionMemory<T>? Memory { get; init; }

    /// <summary>Which positions are padding; null where none is.</summary>
    public PaddingMask? Padding { get; init; }

    /// <summary>What the blocks of a translator look at beside their own text; null where there is nothing, or a memory has it.</summary>
    public SourceSequence<T>? Source { get; init; }

    /// <summary>The states of a recurrent network after the positions before, in generation; null where all positions come at once.</summary>
    public RecurrentMemory<T>? States { get; init; }

    /// <summary>Sees, and may replace, what is computed on the way; null where nobody looks.</summary>
    public IForwardObserver<T>? Observer { get; init; }

    /// <summary>
    /// Whether the last position of each text alone is wanted. Then the last block computes only that one; of the others its keys and
    /// values are all that is needed.
    /// </summary>
    public bool LastOnly { get; init; }

    /// <summary>
    /// [B, T]: where each position stands, in generation of texts that stand at different ones; on the tape. Empty where they follow
    /// <see cref="FirstPosition"/> in all texts.
    /// </summary>
    public Tensor<int> Positions { get; init; }

    /// <summary>Where <see cref="Positions"/> are those of some of the memory's texts: which of these the first is.</summary>
    internal int FirstText { get; init; }

    /// <summary>Where the first position stands in its text.</summary>
    public int FirstPosition => Memory?.Position ?? States?.Position ?? 0;

    /// <summary>Shows a value to the observer.</summary>
    /// <param name="stage">What it is.</param>
    /// <param name="layer">The block that it belongs to, from 0; −1 outside of the blocks.</param>
    /// <param name="value">The value.</param>
    /// <returns>The value to go on with.</returns>
    public Variable<T> Show(ForwardStage stage, int layer, Variable<T> value) => Observer is null ? value : Observer.See(stage, layer, value);
}

/// <summary>The values that a forward pass shows to an observer, in the order in which they come.</summary>
public enum ForwardStage
{
    /// <summary>[B, T, C]: the rows of the token embedding.</summary>
    Tokens,

    /// <summary>[T, C]: the rows of the position table, where there is one.</summary>
    Positions,

    /// <summary>[B, T, C]: what the first block gets.</summary>
    Input,

    /// <summary>[B, H, T, D]: what each position of each head asks for; turned, where positions are rotary.</summary>
    Query,

    /// <summary>[B, G, T, D]: what each position offers to be found by; turned, where positions are rotary.</summary>
    Key,

    /// <summary>[B, G, T, D]: what each position gives to those who look at it.</summary>
    Value,

    /// <summary>[B, H, T, T]: the dot product of each query (row) with each key (column), before scale and mask.</summary>
    Scores,

    /// <summary>[B, H, T, T]: softmax of the scaled scores over the keys that the query sees.</summary>
    Weights,

    /// <summary>[B, H, T, D]: the values, weighted and summed.</summary>
    HeadOutputs,

    /// <summary>[B, T, C]: what attention adds to the residual stream.</summary>
    AttentionOutput,

    /// <summary>[B, H, T, S]: how much each position of the text takes from each of its source.</summary>
    SourceWeights,

    /// <summary>[B, T, C]: what attention to the source adds to the residual stream.</summary>
    SourceAttentionOutput,

    /// <summary>[B, T, F]: how active the neurons between the matrices of the feed-forward layers are.</summary>
    Neurons,

    /// <summary>[B, T, C]: what the feed-forward layers add to it.</summary>
    FeedForwardOutput,

    /// <summary>[B, T, C]: the residual stream after the block.</summary>
    BlockOutput,

    /// <summary>[B, T, C]: the last hidden state, normed.</summary>
    Hidden,

    /// <summary>[B, T, V].</summary>
    Logits,
}

/// <summary>Looks at a forward pass. Attention is then computed step by step instead of in one go.</summary>
public interface IForwardObserver<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Is shown a value.</summary>
    /// <param name="stage">What it is.</param>
    /// <param name="layer">The block that it belongs to, from 0; −1 outside of the blocks.</param>
    /// <param name="value">The value.</param>
    /// <returns>The value to go on with: the same, or another one of its shape.</returns>
    Variable<T> See(ForwardStage stage, int layer, Variable<T> value);
}
