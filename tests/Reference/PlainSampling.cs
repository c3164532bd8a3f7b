using MiniGpt.Model.Generation;

namespace MiniGpt.Tests.Reference;

/// <summary>What the sampling options do to logits, by sorting and plain loops: one step after the other, in Hugging Face's order.</summary>
internal static class PlainSampling
{
    public static double[] Probabilities(double[] logits, SamplingOptions options, IEnumerable<int> text)
    {
        double[] scores = [.. logits];
        foreach (int id in text.Distinct())
            scores[id] = scores[id] < 0 ? scores[id] * options.RepetitionPenalty : scores[id] / options.RepetitionPenalty;
        int[] ranked = Ranked(scores);
        if (options.Temperature == 0)
            return [.. scores.Select((_, id) => id == ranked[0] ? 1.0 : 0.0)];

        HashSet<int> kept = [.. ranked.Take(options.TopK ?? scores.Length)];
        double[] probabilities = Softmax(scores, options.Temperature, kept);
        HashSet<int> nucleus = [];
        double mass = 0;
        foreach (int id in ranked.Where(kept.Contains))
        {
            if (options.TopP < 1 && mass >= options.TopP)
                break;
            nucleus.Add(id);
            mass += probabilities[id];
        }

        probabilities = Softmax(scores, options.Temperature, nucleus);
        double least = options.MinP * probabilities.Max();
        nucleus.RemoveWhere(id => probabilities[id] < least);
        return Softmax(scores, options.Temperature, nucleus);
    }

    private static int[] Ranked(double[] scores) => [.. Enumerable.Range(0, scores.Length).OrderByDescending(id => scores[id]).ThenBy(id => id)];

    private static double[] Softmax(double[] scores, double temperature, HashSet<int> kept)
    {
        double max = kept.Max(id => scores[id]);
        double[] terms = [.. scores.Select((score, id) => kept.Contains(id) ? Math.Exp((score - max) / temperature) : 0)];
        double sum = terms.Sum();
        return [.. terms.Select(term => term / sum)];
    }
}
