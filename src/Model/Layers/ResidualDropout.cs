using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;

namespace MiniGpt.Model.Layers;

/// <summary>Dropout as layers use it: in training only.</summary>
internal static class ResidualDropout
{
    /// <summary>Drops elements by the next stream; outside of training, or at probability 0, the input itself.</summary>
    public static Variable<T> Dropout<T>(this Variable<T> x, DropoutStreams? dropout)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => dropout is null ? x : x.Dropout(dropout.Rates.Activations, dropout.Next());
}
