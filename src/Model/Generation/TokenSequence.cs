using System.Numerics;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Generation;

/// <summary>A text that is being written: what the model sees of it, and how its next token is chosen.</summary>
/// <param name="sample">The number of the sample: each draws other random numbers.</param>
/// <param name="context">T.</param>
/// <param name="options">How tokens are chosen.</param>
internal sealed class TokenSequence(int sample, int context, SamplingOptions options)
{
    private ulong _drawn;

    public int Sample { get; } = sample;

    public TokenWindow Window { get; } = new(context);

    public Sampler Sampler { get; } = new(options);

    /// <summary>Puts a text behind what is there.</summary>
    public void Append(ReadOnlySpan<int> ids)
    {
        foreach (int id in ids)
            Sampler.Remember(id);

        Window.Append(ids);
    }

    /// <summary>Chooses the next token and puts it behind what is there.</summary>
    /// <param name="logits">[V].</param>
    /// <exception cref="ArgumentException">No logit is a finite number.</exception>
    public int Draw<T>(ReadOnlySpan<T> logits)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int id = Sampler.Choose(logits, new RandomStream(options.Seed, RandomPurpose.Sampling, (ulong)Sample, _drawn++).Uniform(0));
        Window.Append([id]);
        return id;
    }
}
