using MiniGpt.Tensors;

namespace MiniGpt.Model.Data.Translation;

/// <summary>One random choice after the other, out of a stream: the choices of one sentence.</summary>
internal sealed class Draw(RandomStream stream)
{
    private ulong _next;

    /// <summary>A whole number of [0, bound).</summary>
    public int Below(int bound) => stream.Below(_next++, bound);

    /// <summary>True in so many of a hundred cases.</summary>
    public bool Percent(int chance) => Below(100) < chance;

    /// <summary>One of some, each as likely as the next.</summary>
    public T Of<T>(params ReadOnlySpan<T> choices) => choices[Below(choices.Length)];
}
