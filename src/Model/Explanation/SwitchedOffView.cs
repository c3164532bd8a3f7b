using System.Numerics;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Generation;

namespace MiniGpt.Model.Explanation;

/// <summary>A token that may come next, with a model as it is and without some of its parts.</summary>
/// <param name="Id">The token.</param>
/// <param name="Before">Its probability with all parts.</param>
/// <param name="After">Its probability without some.</param>
/// <param name="LogitBefore">Its logit with all parts.</param>
/// <param name="LogitAfter">Its logit without some.</param>
public readonly record struct ChangedToken(int Id, double Before, double After, double LogitBefore, double LogitAfter)
{
    /// <summary>How much its probability rises.</summary>
    public double Change => After - Before;
}

/// <summary>What changes where parts of a model are switched off: what they add to the residual stream is zero at every position.</summary>
/// <param name="Without">The parts.</param>
/// <param name="LossBefore">The mean loss, in nats, of the text's own tokens with all parts; null of a text of one token.</param>
/// <param name="LossAfter">The same without them.</param>
/// <param name="Tokens">Tokens that may come next, those first whose probability changes most.</param>
public sealed record SwitchedOffView(IReadOnlyList<ModelPart> Without, double? LossBefore, double? LossAfter, IReadOnlyList<ChangedToken> Tokens)
{
    /// <summary>Asks a model twice for the token after a text.</summary>
    /// <param name="model">The model.</param>
    /// <param name="ids">The text.</param>
    /// <param name="without">What is switched off the second time.</param>
    /// <param name="count">How many tokens are wanted.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="ArgumentException">
    /// There is no such part; the text has no token, or more than the context, or one outside of the vocabulary; or the model is a recurrent network.
    /// </exception>
    public static SwitchedOffView Of<T>(
        Decoder<T> model, ReadOnlySpan<int> ids, IReadOnlyList<ModelPart> without, int count, CancellationToken cancellationToken = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        NextTokenPass<T>.Check(model, ids);
        foreach (ModelPart part in without)
            part.Check(model.Config);
        using NextTokenPass<T> pass = new(model, cancellationToken);
        (double[] logitsBefore, double? lossBefore) = pass.Ask(ids, new SwitchedOff<T>([]));
        (double[] logitsAfter, double? lossAfter) = pass.Ask(ids, new SwitchedOff<T>(without));
        double[] before = Probabilities(logitsBefore), after = Probabilities(logitsAfter);
        ChangedToken[] tokens = [.. before.Select((share, id) => new ChangedToken(id, share, after[id], logitsBefore[id], logitsAfter[id]))];
        int[] changed = Ranking.Greatest<double>([.. tokens.Select(token => Math.Abs(token.Change))], count);
        return new SwitchedOffView(without, lossBefore, lossAfter, [.. changed.Select(id => tokens[id])]);
    }

    private static double[] Probabilities(double[] logits)
    {
        double sum = LogSumExp.Of<double>(logits);
        return [.. logits.Select(logit => Math.Exp(logit - sum))];
    }
}
