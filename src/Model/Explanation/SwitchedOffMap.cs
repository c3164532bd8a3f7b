using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Explanation;

/// <summary>Some of the tokens that may come next.</summary>
/// <param name="Ids">The tokens.</param>
/// <param name="Probabilities">The probability of each.</param>
/// <param name="Logits">The logit of each.</param>
public sealed record TokenShares(int[] Ids, double[] Probabilities, double[] Logits);

/// <summary>What may come next without some parts of a model.</summary>
/// <param name="Without">What is switched off.</param>
/// <param name="Next">The tokens that are likeliest with it or without it; those first that are likeliest without it.</param>
public sealed record SwitchedOffCell(IReadOnlyList<ModelPart> Without, TokenShares Next);

/// <summary>
/// What becomes of the next token without each head, each attention, each feed-forward layer and each whole layer of a model, one at a time: the
/// answers of <see cref="SwitchedOffView"/>, computed side by side.
/// </summary>
/// <param name="Token">The likeliest token with all parts.</param>
/// <param name="Before">With all parts, the tokens that any cell has.</param>
/// <param name="HasHeads">Whether each head is among the cells: they are not where that would take long.</param>
/// <param name="Cells">Layer by layer: its heads, its attention, its feed-forward layers, and both of these.</param>
public sealed record SwitchedOffMap(int Token, TokenShares Before, bool HasHeads, IReadOnlyList<SwitchedOffCell> Cells)
{
    private const int MostTokens = 512; // of all rows of a pass together: every value of the pass is in memory
    private const int MostLikeliest = 6;

    /// <summary>Asks a model for the token after a text, once for each part of it.</summary>
    /// <param name="model">The model.</param>
    /// <param name="ids">The text.</param>
    /// <param name="withHeads">Whether heads are switched off too, one at a time.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="ArgumentException">
    /// The text has no token, or more than the context, or one outside of the vocabulary; or the model is a recurrent network.
    /// </exception>
    public static SwitchedOffMap Of<T>(Decoder<T> model, ReadOnlySpan<int> ids, bool withHeads = true, CancellationToken cancellationToken = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        NextTokenPass<T>.Check(model, ids);
        using NextTokenPass<T> pass = new(model, cancellationToken);
        int[] text = ids.ToArray();
        double[] before = pass.AskRows(text, 1, new SwitchedOff<T>([]))[0];
        int[] likeliest = Ranking.Greatest(before, MostLikeliest);
        SwitchedOffCell[] cells = [.. PartsOf(model.Config, withHeads).Chunk(Math.Max(1, MostTokens / text.Length))
            .SelectMany(parts => parts.Zip(pass.AskRows(text, parts.Length, new SwitchedOffRows<T>(parts)), (part, logits) => CellOf(part, logits, likeliest)))];
        int[] shown = [.. likeliest.Concat(cells.SelectMany(cell => cell.Next.Ids)).Distinct().OrderByDescending(id => before[id]).ThenBy(id => id)];
        return new SwitchedOffMap(likeliest[0], SharesOf(before, shown), withHeads, cells);
    }

    /// <summary>How many times <see cref="Of{T}"/> asks the model.</summary>
    internal static int CountOf(TransformerConfig config, bool withHeads) => config.Layers * ((withHeads ? config.Attention.Heads : 0) + 3);

    private static IEnumerable<IReadOnlyList<ModelPart>> PartsOf(TransformerConfig config, bool withHeads) =>
        Enumerable.Range(0, config.Layers).SelectMany(layer => (IEnumerable<IReadOnlyList<ModelPart>>)
        [
            .. Enumerable.Range(0, withHeads ? config.Attention.Heads : 0).Select(head => (IReadOnlyList<ModelPart>)[ModelPart.OfHead(layer, head)]),
            [ModelPart.OfAttention(layer)], [ModelPart.OfFeedForward(layer)], ModelPart.OfLayer(layer),
        ]);

    private static SwitchedOffCell CellOf(IReadOnlyList<ModelPart> without, double[] logits, int[] likeliest) => new(without, SharesOf(logits,
        [.. likeliest.Union(Ranking.Greatest(logits, MostLikeliest)).OrderByDescending(id => logits[id]).ThenBy(id => id)]));

    private static TokenShares SharesOf(double[] logits, int[] ids)
    {
        double sum = LogSumExp.Of<double>(logits);
        return new TokenShares(ids, [.. ids.Select(id => Math.Exp(logits[id] - sum))], [.. ids.Select(id => logits[id])]);
    }

    /// <summary>Switches off other parts in each row of a batch.</summary>
    /// <param name="rows">For each row what is switched off.</param>
    private sealed class SwitchedOffRows<T>(IReadOnlyList<ModelPart>[] rows) : IForwardObserver<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Variable<T> See(ForwardStage stage, int layer, Variable<T> value)
        {
            ModelPart[] parts = stage switch
            {
                ForwardStage.HeadOutputs => [.. Enumerable.Range(0, value.Shape[1]).Select(head => ModelPart.OfHead(layer, head))],
                ForwardStage.AttentionOutput => [ModelPart.OfAttention(layer)],
                ForwardStage.FeedForwardOutput => [ModelPart.OfFeedForward(layer)],
                _ => [],
            };
            T[] marks = [.. rows.SelectMany(row => parts.Select(part => row.Contains(part) ? T.One : T.Zero))];
            if (!marks.Contains(T.One))
                return value;
            Tensor<T> mask = stage == ForwardStage.HeadOutputs ? Tensor<T>.From(marks, [rows.Length, parts.Length, 1, 1]) : Tensor<T>.From(marks, [rows.Length, 1, 1]);
            return value.MaskedFill(mask, T.Zero);
        }
    }
}
