using System.Numerics;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Explanation;

/// <summary>Why a decoder expects what it expects after a text: what <c>minigpt trace</c> says, as far as a page can carry it.</summary>
/// <param name="Reasons">Where the logits of the likeliest next tokens come from; null where that cannot be said.</param>
/// <param name="Without">What changes without each part; null where that would take long.</param>
/// <param name="Neurons">What the strongest neurons speak for; null where that cannot be said.</param>
internal sealed record WhyView(ReasonView? Reasons, SwitchedOffMap? Without, StrongestNeurons? Neurons)
{
    // Floating-point operations in single precision: some ten seconds of two cores.
    private const double MostWork = 6e11;

    /// <summary>Asks a model in double, unless that takes too much memory.</summary>
    public static WhyView Of(Decoder<float> model, Decoder<double>? precise, DecoderTrace<float> trace, CancellationToken cancellationToken)
    {
        if (precise is null)
            return Of(model, trace, cancellationToken);
        using DecoderTrace<double> exact = precise.Trace([.. trace.Ids]);
        return Of(precise, exact, cancellationToken);
    }

    /// <summary>The work of so many forward passes over a text of which the last logits alone are computed.</summary>
    public static bool IsAffordable<T>(Decoder<T> model, int tokens, long passes)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double blocks = model.Parameters.All.Where(parameter => parameter.Name.StartsWith("blocks.", StringComparison.Ordinal)).Sum(parameter => (double)parameter.Shape.Count);
        double operations = 2 * passes * (blocks * tokens + model.Head.Shape.Count);
        return operations * (typeof(T) == typeof(double) ? 2 : 1) <= MostWork;
    }

    private static WhyView Of<T>(Decoder<T> model, DecoderTrace<T> trace, CancellationToken cancellationToken)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TransformerConfig config = model.Config;
        int[] ids = [.. trace.Ids];
        bool withHeads = CanAsk(true);
        return new WhyView(
            ReasonView.Of(model, trace), withHeads || CanAsk(false) ? SwitchedOffMap.Of(model, ids, withHeads, cancellationToken) : null,
            model.Output.Transform is null ? StrongestNeurons.Of(model, trace) : null);

        bool CanAsk(bool heads) => IsAffordable(model, ids.Length, SwitchedOffMap.CountOf(config, heads));
    }
}
