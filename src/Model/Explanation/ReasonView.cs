using System.Numerics;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Generation;

namespace MiniGpt.Model.Explanation;

/// <summary>Where the logits of the tokens that are likeliest after a text come from.</summary>
/// <param name="Attributions">What adds up to them.</param>
/// <param name="Gradients">How they depend on each token of the text.</param>
public sealed record ReasonView(AttributionView[] Attributions, GradientView[] Gradients)
{
    private const int MostTokens = 5;

    /// <summary>What a model has; null where its logits are no sum of parts.</summary>
    internal static ReasonView? Of<T>(Decoder<T> model, DecoderTrace<T> trace)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (model.Output.Transform is not null)
            return null;
        int[] ids = [.. trace.Ids], likeliest = [.. NextToken.Likeliest<T>(trace.Logits.Span[^model.Config.VocabularySize..], MostTokens).Select(token => token.Id)];
        return new ReasonView(
            [.. likeliest.Select(token => AttributionView.Of(model, trace, token))], [.. likeliest.Select(token => GradientView.Of(model, ids, token))]);
    }
}
