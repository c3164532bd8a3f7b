using System.Text;

namespace MiniGpt.Model.Tasks;

/// <summary>What BLEU says of a corpus.</summary>
/// <param name="Score">From 0 to 100.</param>
/// <param name="Precisions">In per cent, of the n-grams of one to four tokens, smoothed.</param>
/// <param name="BrevityPenalty">What hypotheses that are shorter than the references cost: a factor of at most 1.</param>
/// <param name="HypothesisLength">The tokens of all hypotheses.</param>
/// <param name="ReferenceLength">The tokens of all references.</param>
/// <param name="Signature">How it was computed, as sacreBLEU writes it: scores of different signatures cannot be compared.</param>
public sealed record BleuScore(
    double Score, IReadOnlyList<double> Precisions, double BrevityPenalty, long HypothesisLength, long ReferenceLength, string Signature);

/// <summary>What chrF says of a corpus.</summary>
/// <param name="Score">From 0 to 100.</param>
/// <param name="Precision">In per cent, the mean over the n-grams of one to six characters.</param>
/// <param name="Recall">In per cent, likewise.</param>
/// <param name="Signature">How it was computed, as sacreBLEU writes it.</param>
public sealed record ChrfScore(double Score, double Precision, double Recall, string Signature);

/// <summary>
/// How near translations are to their references, by the numbers that the literature reports: BLEU (Papineni et al., 2002, "BLEU: a Method for Automatic
/// Evaluation of Machine Translation") and chrF (Popović, 2015, "chrF: character n-gram F-score for automatic MT evaluation"), both with the definitions and
/// signatures of sacreBLEU (Post, 2018, "A Call for Clarity in Reporting BLEU Scores").
/// </summary>
public static class TranslationScores
{
    private const int WordOrder = 4;
    private const int CharacterOrder = 6;

    // Recall counts twice as much as precision: the 2 of chrF2.
    private const double Beta = 2;

    private static readonly string s_version = $"version:MiniGpt-{typeof(TranslationScores).Assembly.GetName().Version!.ToString(3)}";

    /// <summary>
    /// Corpus BLEU: the geometric mean of how many n-grams of one to four tokens the references have too, times a penalty for what is too short. A length of
    /// n-grams without any match counts as half of one match, the next such length as a quarter (smoothing "exp"). Without a single match, or where no
    /// sentence has four tokens, it is 0.
    /// </summary>
    /// <param name="hypotheses">The translations to judge.</param>
    /// <param name="references">The right translations, one for each.</param>
    /// <param name="tokenizer">What a token is.</param>
    /// <exception cref="ArgumentException">There are no sentences, or not as many hypotheses as references.</exception>
    public static BleuScore Bleu(IReadOnlyList<string> hypotheses, IReadOnlyList<string> references, BleuTokenizer tokenizer)
    {
        CheckCounts(hypotheses, references);
        NGramOverlap[] overlaps = [.. Enumerable.Range(0, WordOrder).Select(_ => new NGramOverlap())];
        for (int i = 0; i < hypotheses.Count; i++)
        {
            string[] hypothesis = BleuTokenizers.Tokenize(hypotheses[i], tokenizer), reference = BleuTokenizers.Tokenize(references[i], tokenizer);
            for (int order = 1; order <= WordOrder; order++)
                overlaps[order - 1].Add(NGrams(hypothesis, order, " "), NGrams(reference, order, " "), onlyWithReference: false);
        }

        long length = overlaps[0].Hypothesis, wanted = overlaps[0].Reference;
        double penalty = length >= wanted ? 1 : length == 0 ? 0 : Math.Exp(1 - (double)wanted / length);
        double[] precisions = Smoothed(overlaps);
        double score = precisions.Contains(0) ? 0 : penalty * Math.Exp(precisions.Average(Math.Log));
        return new(score, precisions, penalty, length, wanted,
            $"nrefs:1|case:mixed|eff:no|tok:{BleuTokenizers.Name(tokenizer)}|smooth:exp|{s_version}");
    }

    /// <summary>
    /// Corpus chrF2: the F-score of the n-grams of one to six characters, spaces left out, with precision and recall averaged over the lengths that both sides
    /// have. Characters are code points.
    /// </summary>
    /// <param name="hypotheses">The translations to judge.</param>
    /// <param name="references">The right translations, one for each.</param>
    /// <exception cref="ArgumentException">There are no sentences, or not as many hypotheses as references.</exception>
    public static ChrfScore Chrf(IReadOnlyList<string> hypotheses, IReadOnlyList<string> references)
    {
        CheckCounts(hypotheses, references);
        NGramOverlap[] overlaps = [.. Enumerable.Range(0, CharacterOrder).Select(_ => new NGramOverlap())];
        for (int i = 0; i < hypotheses.Count; i++)
        {
            string[] hypothesis = BleuTokenizers.Tokenize(hypotheses[i], BleuTokenizer.Character);
            string[] reference = BleuTokenizers.Tokenize(references[i], BleuTokenizer.Character);
            for (int order = 1; order <= CharacterOrder; order++)
                overlaps[order - 1].Add(NGrams(hypothesis, order), NGrams(reference, order), onlyWithReference: true);
        }

        NGramOverlap[] shared = [.. overlaps.Where(overlap => overlap.Hypothesis > 0 && overlap.Reference > 0)];
        double precision = shared.Select(overlap => (double)overlap.Matches / overlap.Hypothesis).DefaultIfEmpty().Average();
        double recall = shared.Select(overlap => (double)overlap.Matches / overlap.Reference).DefaultIfEmpty().Average();
        double score = precision + recall == 0 ? 0 : (1 + Beta * Beta) * precision * recall / (Beta * Beta * precision + recall);
        return new(100 * score, 100 * precision, 100 * recall, $"nrefs:1|case:mixed|eff:yes|nc:{CharacterOrder}|nw:0|space:no|{s_version}");
    }

    /// <summary>The precisions in per cent. Without any match at all there is nothing to smooth.</summary>
    private static double[] Smoothed(NGramOverlap[] overlaps)
    {
        double[] precisions = new double[overlaps.Length];
        if (overlaps.All(overlap => overlap.Matches == 0))
            return precisions;
        double half = 1;
        for (int i = 0; i < overlaps.Length && overlaps[i].Hypothesis > 0; i++)
        {
            double matches = overlaps[i].Matches > 0 ? overlaps[i].Matches : half /= 2;
            precisions[i] = 100 * matches / overlaps[i].Hypothesis;
        }

        return precisions;
    }

    /// <summary>All runs of some tokens. Between tokens stands what no token contains, so that different runs stay different.</summary>
    private static string[] NGrams(string[] tokens, int order, string separator = "")
    {
        string[] grams = new string[Math.Max(0, tokens.Length - order + 1)];
        StringBuilder gram = new();
        for (int i = 0; i < grams.Length; i++)
        {
            gram.Clear();
            foreach (string token in tokens.AsSpan(i, order))
                gram.Append(token).Append(separator);

            grams[i] = gram.ToString();
        }

        return grams;
    }

    private static void CheckCounts(IReadOnlyList<string> hypotheses, IReadOnlyList<string> references)
    {
        ArgumentNullException.ThrowIfNull(hypotheses);
        ArgumentNullException.ThrowIfNull(references);
        if (hypotheses.Count != references.Count)
            throw new ArgumentException($"There are {hypotheses.Count} hypotheses and {references.Count} references; each needs its own.");
        if (hypotheses.Count == 0)
            throw new ArgumentException("There are no sentences to score.");
    }
}
