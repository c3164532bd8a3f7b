using System.Numerics;

namespace MiniGpt.Tests.Model.Generation;

/// <summary>The likeliest token again and again, each time from the logits of the whole window: what a memory and other programs are compared with.</summary>
internal static class Greedy
{
    /// <summary>The place of the largest logit.</summary>
    public static int Likeliest<T>(ReadOnlySpan<T> logits)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int best = 0;
        for (int id = 1; id < logits.Length; id++)
            best = logits[id] > logits[best] ? id : best;
        return best;
    }

    /// <summary>The tokens behind a prompt, without end. Where the context is full, its second half goes on.</summary>
    /// <param name="logitsOf">The logits behind the last token of a window.</param>
    /// <param name="prompt">What to continue.</param>
    /// <param name="context">The longest window.</param>
    public static IEnumerable<int> Continue(Func<int[], float[]> logitsOf, IEnumerable<int> prompt, int context)
    {
        List<int> window = [.. prompt];
        while (true)
        {
            int next = Likeliest<float>(logitsOf([.. window]));
            window.Add(next);
            if (window.Count > context)
                window.RemoveRange(0, window.Count - context / 2);
            yield return next;
        }
    }
}
