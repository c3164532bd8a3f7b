using System.Numerics;

namespace MiniGpt.Model.Generation;

/// <summary>A token that may come next.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Probability">How likely the model takes it to be, from 0 to 1.</param>
public readonly record struct NextToken(int Id, double Probability)
{
    /// <summary>The likeliest next tokens by a model's own probabilities, before any option of sampling, likeliest first.</summary>
    /// <param name="logits">[V].</param>
    /// <param name="count">How many.</param>
    public static NextToken[] Likeliest<T>(ReadOnlySpan<T> logits, int count)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double[] probabilities = Sampler.Probabilities(logits, new SamplingOptions { Temperature = 1 });
        return [.. Enumerable.Range(0, probabilities.Length)
            .Select(id => new NextToken(id, probabilities[id]))
            .OrderByDescending(token => token.Probability).ThenBy(token => token.Id)
            .Take(count)];
    }
}
