using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Architectures;

/// <summary>
/// Blocks that stand on each other, and, where their norms stand before the branches, one more norm after the last; or, in a recurrent network,
/// the recurrent layers that stand in their place.
/// </summary>
public sealed class TransformerStack<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly TransformerBlock<T>[] _blocks;

    /// <summary>Adds the parameters of all blocks to a set.</summary>
    /// <param name="parameters">The set.</param>
    /// <param name="config">The model's configuration.</param>
    /// <param name="prefix">What the names of the parameters begin with.</param>
    public TransformerStack(ParameterSet<T> parameters, TransformerConfig config, string prefix = "")
    {
        if (config.Recurrence is { } kind)
        {
            Recurrent = new RecurrentStack<T>(parameters, $"{prefix}blocks", kind, config.Width, config.Width, config.Layers);
            _blocks = [];
            return;
        }

        Rotary = config.Positions.Kind == PositionKind.Rotary ? new RotaryPositions<T>(config.HeadSize, config.Positions) : null;
        _blocks = [.. Enumerable.Range(0, config.Layers).Select(layer =>
            new TransformerBlock<T>(parameters, $"{prefix}blocks.{layer}", layer, config, Rotary))];
        FinalNorm = config.Norm.Place == NormPlace.Before ? new Norm<T>(parameters, $"{prefix}norm", config.Width, config.Norm) : null;
    }

    /// <summary>The blocks, from the input to the output.</summary>
    public IReadOnlyList<TransformerBlock<T>> Blocks => _blocks;

    /// <summary>The layers of a recurrent network; null in transformers.</summary>
    public RecurrentStack<T>? Recurrent { get; }

    /// <summary>The norm after the last block, where there is one.</summary>
    public Norm<T>? FinalNorm { get; }

    /// <summary>The angles by which queries and keys are turned, where positions are rotary.</summary>
    public RotaryPositions<T>? Rotary { get; }

    /// <summary>[B, T, C] to [B, T, C], or to [B, 1, C] where the last position alone is wanted.</summary>
    public Variable<T> Forward(Variable<T> x, in ForwardPass<T> pass)
    {
        if (Recurrent is not null)
        {
            x = Recurrent.Forward(x, pass);
            x = (pass.LastOnly ? x.Last(axis: 1) : x).Dropout(pass.Dropout); // as between the layers (Zaremba et al. 2014)
        }

        for (int layer = 0; layer < _blocks.Length; layer++)
            x = _blocks[layer].Forward(x, pass with { LastOnly = pass.LastOnly && layer == _blocks.Length - 1 });
        return pass.Show(ForwardStage.Hidden, -1, Norm(x));
    }

    /// <summary>The norm after the last block; the input itself where there is none.</summary>
    public Variable<T> Norm(Variable<T> x) => FinalNorm is null ? x : FinalNorm.Forward(x);
}
