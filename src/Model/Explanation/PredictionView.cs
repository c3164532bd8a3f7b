using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Model.Architectures;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Explanation;

/// <summary>A token and how likely it is.</summary>
public readonly record struct Candidate(int Id, float Probability);

/// <summary>A place at which a model is asked for a token.</summary>
/// <param name="Row">The position whose hidden state says it: in an encoder that of the mask, else the one before the place.</param>
/// <param name="Target">The token that is really there; null where nobody knows.</param>
internal readonly record struct AskedPlace(int Row, int? Target);

/// <summary>What the model expects at a place.</summary>
/// <param name="Row">The position whose hidden state says it: in an encoder that of the mask, else the one before the place.</param>
/// <param name="Target">The token that is really there; null where nobody knows.</param>
/// <param name="Likeliest">The likeliest tokens, likeliest first.</param>
/// <param name="Rank">The place of the real token among all, from 1; null where nobody knows it.</param>
/// <param name="Probability">The probability of that token.</param>
/// <param name="Loss">Minus the logarithm of that probability, in nats.</param>
public sealed record Prediction(int Row, int? Target, Candidate[] Likeliest, int? Rank, float? Probability, float? Loss);

/// <summary>
/// What would be predicted if the residual stream went to the last norm and the head right after so many blocks ("logit lens",
/// nostalgebraist 2020).
/// </summary>
/// <param name="Likeliest">The likeliest token at each place.</param>
/// <param name="Ranks">The place of the real token among all; null where nobody knows it.</param>
public sealed record LensRow(Candidate[] Likeliest, int?[] Ranks);

/// <summary>What the model expects at each place, and how that forms from block to block.</summary>
/// <param name="Places">What is expected at each place.</param>
/// <param name="Lens">The same after 0, 1, … all blocks.</param>
public sealed record PredictionView(Prediction[] Places, LensRow[] Lens)
{
    private const int LikeliestShown = 10;

    /// <summary>The next tokens of a text.</summary>
    internal static PredictionView Of(Decoder<float> model, DecoderTrace<float> trace) =>
        Of(model, trace, trace.Logits, [.. trace.Ids.Select((_, row) => new AskedPlace(row, row + 1 < trace.Ids.Count ? trace.Ids[row + 1] : null))]);

    /// <summary>The masked words of a text.</summary>
    internal static PredictionView Of(Encoder<float> model, EncoderTrace<float> trace, int? mask) =>
        Of(model, trace, trace.Logits, [.. trace.Ids.Index().Where(token => token.Item == mask).Select(token => new AskedPlace(token.Index, null))]);

    /// <summary>The tokens of a translation.</summary>
    /// <param name="model">The model.</param>
    /// <param name="trace">What it computes of the translation.</param>
    /// <param name="targets">The tokens that were written, the last of them behind the last position of the trace.</param>
    internal static PredictionView Of(Translator<float> model, TranslationTrace<float> trace, IReadOnlyList<int?> targets) =>
        Of(model, trace, trace.Logits, [.. targets.Select((target, row) => new AskedPlace(row, target))]);

    internal static Candidate[] Candidates(Span<float> probabilities, int count)
    {
        int[] ids = Ranking.Greatest(probabilities, count);
        var candidates = new Candidate[ids.Length];
        for (int i = 0; i < ids.Length; i++)
            candidates[i] = new Candidate(ids[i], probabilities[ids[i]]);
        return candidates;
    }

    private static PredictionView Of(LanguageModel<float> model, TextTrace<float> trace, Tensor<float> logits, AskedPlace[] places)
    {
        using Tape<float> tape = new(records: false);
        var lens = new LensRow[trace.Blocks.Count + 1];
        for (int depth = 0; depth < lens.Length; depth++)
        {
            tape.Reset();
            Variable<float> early = model.Project(model.Stack.Norm(tape.Constant(trace.Residual(depth))));
            lens[depth] = LensOf(early.Softmax().Value, places);
        }

        tape.Reset();
        Variable<float> logProbabilities = tape.Constant(logits).LogSoftmax();
        Tensor<float> probabilities = logProbabilities.Exp().Value;
        var predictions = new Prediction[places.Length];
        for (int place = 0; place < places.Length; place++)
        {
            (int at, int? target) = places[place];
            Span<float> row = RowOf(probabilities, at);
            predictions[place] = new Prediction(
                at,
                target,
                Candidates(row, LikeliestShown),
                target is int id ? Ranking.RankOf(row, id) : null,
                target is int ? row[target.Value] : null,
                target is int ? -RowOf(logProbabilities.Value, at)[target.Value] : null);
        }
        return new PredictionView(predictions, lens);
    }

    private static LensRow LensOf(Tensor<float> probabilities, AskedPlace[] places)
    {
        var likeliest = new Candidate[places.Length];
        var ranks = new int?[places.Length];
        for (int place = 0; place < places.Length; place++)
        {
            Span<float> row = RowOf(probabilities, places[place].Row);
            likeliest[place] = Candidates(row, 1)[0];
            ranks[place] = places[place].Target is int target ? Ranking.RankOf(row, target) : null;
        }
        return new LensRow(likeliest, ranks);
    }

    private static Span<float> RowOf(Tensor<float> matrix, int row) => matrix.Span.Slice(row * matrix.Shape[1], matrix.Shape[1]);
}
