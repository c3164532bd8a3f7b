namespace MiniGpt.Model.Tasks;

/// <summary>How many n-grams of one length there are in hypotheses and in references, and how many of them match.</summary>
internal sealed class NGramOverlap
{
    /// <summary>The n-grams of all hypotheses.</summary>
    public long Hypothesis { get; private set; }

    /// <summary>The n-grams of all references.</summary>
    public long Reference { get; private set; }

    /// <summary>Those of the hypotheses that the reference has too, each counted at most as often as there.</summary>
    public long Matches { get; private set; }

    /// <summary>Counts one sentence, given by all its n-grams.</summary>
    /// <param name="hypothesis">The n-grams of the hypothesis.</param>
    /// <param name="reference">Those of the reference.</param>
    /// <param name="onlyWithReference">Whether a hypothesis counts only where the reference is long enough to have such n-grams, as in chrF.</param>
    public void Add(IReadOnlyCollection<string> hypothesis, IReadOnlyCollection<string> reference, bool onlyWithReference)
    {
        Dictionary<string, int> left = [];
        foreach (string gram in reference)
            left[gram] = left.GetValueOrDefault(gram) + 1;

        foreach (string gram in hypothesis)
        {
            if (left.TryGetValue(gram, out int more) && more > 0)
            {
                left[gram] = more - 1;
                Matches++;
            }
        }

        Hypothesis += onlyWithReference && reference.Count == 0 ? 0 : hypothesis.Count;
        Reference += reference.Count;
    }
}
