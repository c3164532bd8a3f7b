using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Explanation;

/// <summary>
/// Which position and which depth of the residual stream carries what is different between two texts (activation patching; Vig et al. 2020, Meng et
/// al. 2022): the model reads the first text, one vector of the stream is replaced by that of the second text, and the logits of two tokens are
/// looked at.
/// </summary>
/// <param name="Token">The token that the second text speaks for.</param>
/// <param name="Against">The token that the first text speaks for.</param>
/// <param name="Difference">The logit of the one minus that of the other after the first text.</param>
/// <param name="OtherDifference">The same after the second text.</param>
/// <param name="Patched">[layers + 1][T]: the same after the first text with one vector replaced, after so many blocks, at each position.</param>
public sealed record PatchingView(int Token, int Against, double Difference, double OtherDifference, IReadOnlyList<IReadOnlyList<double>> Patched)
{
    private const int MostTokens = 512; // of all rows of a pass together: every value of the pass is in memory

    /// <summary>Of the difference between the texts, the share that one vector brings: 0 for nothing, 1 for all of it. It can be less and more.</summary>
    /// <param name="blocks">After how many blocks it is replaced; 0 for the input of the first one.</param>
    /// <param name="position">Where it is replaced.</param>
    public double ShareRestored(int blocks, int position) => (Patched[blocks][position] - Difference) / (OtherDifference - Difference);

    /// <summary>Replaces every vector of the stream in turn.</summary>
    /// <param name="model">The model.</param>
    /// <param name="ids">The first text.</param>
    /// <param name="other">The second text, of as many tokens.</param>
    /// <param name="token">The token that the second text speaks for; null for the likeliest after it.</param>
    /// <param name="against">The token that the first text speaks for; null for the likeliest after it.</param>
    /// <param name="progress">Is told how far it is.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="ArgumentException">
    /// The texts are not equally long, or the two tokens are one, or their logits differ equally after both texts; a text has no token, or more than the
    /// context, or one outside of the vocabulary; or the model is a recurrent network.
    /// </exception>
    public static PatchingView Of<T>(
        Decoder<T> model, ReadOnlySpan<int> ids, ReadOnlySpan<int> other, int? token = null, int? against = null, IProgress<DataProgress>? progress = null,
        CancellationToken cancellationToken = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        NextTokenPass<T>.Check(model, ids);
        NextTokenPass<T>.Check(model, other);
        Require.That(ids.Length == other.Length, $"the texts have {ids.Length} and {other.Length} tokens: equally many expected, so that each has its counterpart");
        using NextTokenPass<T> pass = new(model, cancellationToken);
        using DecoderTrace<T> source = model.Trace(other);
        double[] here = pass.Ask(ids, new SwitchedOff<T>([])).Logits, there = pass.Ask(other, new SwitchedOff<T>([])).Logits;
        (int first, int second) = (token ?? Ranking.Greatest(there, 1)[0], against ?? Ranking.Greatest(here, 1)[0]);
        model.RequireId(first);
        model.RequireId(second);
        Require.That(first != second, $"both texts are asked about the same token: two tokens expected whose logits can differ");
        (double difference, double otherDifference) = (here[first] - here[second], there[first] - there[second]);
        Require.That(difference != otherDifference, $"the two tokens' logits differ equally after both texts: there is nothing to find");

        int[] text = ids.ToArray();
        int rows = Math.Clamp(MostTokens / text.Length, 1, text.Length);
        int done = 0, all = (model.Config.Layers + 1) * text.Length;
        return new PatchingView(first, second, difference, otherDifference,
            [.. Enumerable.Range(0, model.Config.Layers + 1).Select(blocks => (IReadOnlyList<double>)[.. Enumerable.Range(0, text.Length).Chunk(rows)
                .SelectMany(positions => Ask(blocks, positions))
                .Select(logits => logits[first] - logits[second])])]);

        double[][] Ask(int blocks, int[] positions)
        {
            progress?.Report(new DataProgress("patching", done, all));
            done += positions.Length;
            return pass.AskRows(text, positions.Length, new Replaced<T>(source, blocks, positions));
        }
    }

    /// <summary>Replaces in each row of a batch one vector of the residual stream by that of another text.</summary>
    /// <param name="source">What the model computed of the other text.</param>
    /// <param name="blocks">After how many blocks.</param>
    /// <param name="positions">For each row the position.</param>
    private sealed class Replaced<T>(DecoderTrace<T> source, int blocks, int[] positions) : IForwardObserver<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Variable<T> See(ForwardStage stage, int layer, Variable<T> value)
        {
            if (stage != (blocks == 0 ? ForwardStage.Input : ForwardStage.BlockOutput) || layer != blocks - 1)
                return value;
            (int length, int width) = (value.Shape[1], value.Shape[2]);
            int skipped = source.Ids.Count - length; // the last block computes the last position alone
            Tensor<T> patched = new(value.Shape);
            value.Value.Span.CopyTo(patched.Span);
            foreach ((int row, int position) in positions.Index().Where(pair => pair.Item >= skipped))
            {
                source.Residual(blocks).Span.Slice(position * width, width)
                    .CopyTo(patched.Span.Slice((row * length + position - skipped) * width, width));
            }
            return Tape<T>.Of(value).Constant(patched);
        }
    }
}
