using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Model.Architectures;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Explanation;

/// <summary>A token and how likely it is.</summary>
public readonly record struct Candidate(int Id, float Probability);

/// <summary>What the model expects behind a position.</summary>
/// <param name="Likeliest">The likeliest tokens, likeliest first.</param>
/// <param name="Rank">The place of the token that does come, from 1; null behind the last.</param>
/// <param name="Probability">The probability of that token.</param>
/// <param name="Loss">Minus the logarithm of that probability, in nats.</param>
public sealed record Prediction(Candidate[] Likeliest, int? Rank, float? Probability, float? Loss);

/// <summary>
/// What would be predicted if the residual stream went to the last norm and the head right after so many blocks ("logit lens",
/// nostalgebraist 2020).
/// </summary>
/// <param name="Likeliest">The likeliest token behind each position.</param>
/// <param name="Ranks">The place of the token that does come; null behind the last.</param>
public sealed record LensRow(Candidate[] Likeliest, int?[] Ranks);

/// <summary>What the model expects at each position, and how that forms from block to block.</summary>
/// <param name="Positions">What is expected behind each position.</param>
/// <param name="Lens">The same after 0, 1, … all blocks.</param>
public sealed record PredictionView(Prediction[] Positions, LensRow[] Lens)
{
    private const int LikeliestShown = 10;

    internal static PredictionView Of(Decoder<float> model, DecoderTrace<float> trace)
    {
        using Tape<float> tape = new(records: false);
        var lens = new LensRow[trace.Blocks.Count + 1];
        for (int depth = 0; depth < lens.Length; depth++)
        {
            tape.Reset();
            Variable<float> logits = model.Project(model.Stack.Norm(tape.Constant(trace.Residual(depth))));
            lens[depth] = LensOf(logits.Softmax().Value, trace.Ids);
        }

        tape.Reset();
        Variable<float> logProbabilities = tape.Constant(trace.Logits).LogSoftmax();
        Tensor<float> probabilities = logProbabilities.Exp().Value;
        var positions = new Prediction[trace.Ids.Count];
        for (int position = 0; position < positions.Length; position++)
        {
            Span<float> row = RowOf(probabilities, position);
            int? next = NextOf(trace.Ids, position);
            positions[position] = new Prediction(
                Candidates(row, LikeliestShown),
                next is int id ? Ranking.RankOf(row, id) : null,
                next is int ? row[next.Value] : null,
                next is int ? -RowOf(logProbabilities.Value, position)[next.Value] : null);
        }
        return new PredictionView(positions, lens);
    }

    internal static Candidate[] Candidates(Span<float> probabilities, int count)
    {
        int[] ids = Ranking.Greatest(probabilities, count);
        var candidates = new Candidate[ids.Length];
        for (int i = 0; i < ids.Length; i++)
            candidates[i] = new Candidate(ids[i], probabilities[ids[i]]);
        return candidates;
    }

    private static LensRow LensOf(Tensor<float> probabilities, IReadOnlyList<int> ids)
    {
        var likeliest = new Candidate[ids.Count];
        var ranks = new int?[ids.Count];
        for (int position = 0; position < ids.Count; position++)
        {
            Span<float> row = RowOf(probabilities, position);
            likeliest[position] = Candidates(row, 1)[0];
            ranks[position] = NextOf(ids, position) is int next ? Ranking.RankOf(row, next) : null;
        }
        return new LensRow(likeliest, ranks);
    }

    private static int? NextOf(IReadOnlyList<int> ids, int position) => position + 1 < ids.Count ? ids[position + 1] : null;

    private static Span<float> RowOf(Tensor<float> matrix, int row) => matrix.Span.Slice(row * matrix.Shape[1], matrix.Shape[1]);
}
