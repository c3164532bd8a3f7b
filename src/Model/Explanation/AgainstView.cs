using System.Numerics;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Explanation;

/// <summary>A second text beside the first, token against token: what is different in how their tokens look at each other, and where the difference lies.</summary>
/// <param name="Text">The second text, as far as it was read.</param>
/// <param name="Sequence">The text as the model sees it.</param>
/// <param name="Patching">
/// Which position and which layer of a decoder carries the difference of what may come next; null of other models, where nothing differs, and where
/// that would take long.
/// </param>
public sealed record AgainstView(string Text, SequenceView Sequence, PatchingView? Patching = null)
{
    /// <summary>Throws where two texts do not have as many tokens.</summary>
    /// <exception cref="ArgumentException">They do not.</exception>
    public static void RequireSameLength(ITokenizer tokenizer, string text, string other)
    {
        (int tokens, int others) = (tokenizer.Encode(text).Length, tokenizer.Encode(other).Length);
        Require.That(tokens == others, $"two texts are laid over each other token by token, so both must have as many: the first has {tokens}, the other {others}");
    }

    /// <summary>
    /// Patches the first text with the second, asked about the likeliest token after each; where that is the same one, about those whose probabilities
    /// rise and fall most. Null where nothing differs, and where it would take long.
    /// </summary>
    internal static PatchingView? Patched<T>(Decoder<T> model, int[] ids, int[] others, CancellationToken cancellationToken)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (!WhyView.IsAffordable(model, ids.Length, (model.Config.Layers + 1L) * ids.Length))
            return null;
        double[] here = SharesAfter(model, ids, cancellationToken), there = SharesAfter(model, others, cancellationToken);
        (int token, int against) = (Ranking.Greatest(there, 1)[0], Ranking.Greatest(here, 1)[0]);
        if (token == against)
        {
            double[] rises = [.. there.Zip(here, (after, before) => after - before)];
            (token, against) = (Ranking.Greatest(rises, 1)[0], Ranking.Greatest<double>([.. rises.Select(rise => -rise)], 1)[0]);
        }
        return token == against ? null : PatchingView.Of(model, ids, others, token, against, cancellationToken: cancellationToken);
    }

    private static double[] SharesAfter<T>(Decoder<T> model, int[] ids, CancellationToken cancellationToken)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using NextTokenPass<T> pass = new(model, cancellationToken);
        double[] logits = pass.AskRows(ids, 1, new SwitchedOff<T>([]))[0];
        double sum = LogSumExp.Of<double>(logits);
        return [.. logits.Select(logit => Math.Exp(logit - sum))];
    }
}
