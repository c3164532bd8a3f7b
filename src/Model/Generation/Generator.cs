using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Generation;

/// <summary>Continues a text, token after token. Generators of one model can be used from several threads at once, each by one.</summary>
public sealed class Generator<T>(Gpt<T> gpt) : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Tape<T> _tape = new(records: false);

    /// <summary>
    /// Continues a prompt without end. When more tokens than the context holds have come together, the last half of a context is kept and
    /// renumbered from position 0.
    /// </summary>
    /// <param name="prompt">The ids to continue, at least one; of a prompt longer than the context, its end.</param>
    /// <param name="options">How tokens are chosen.</param>
    /// <param name="sample">The number of this sample: each draws other random numbers.</param>
    /// <returns>New ids, as they are made.</returns>
    /// <exception cref="ArgumentException">The prompt is empty, an id is outside of the vocabulary, or an option makes no sense.</exception>
    public IEnumerable<int> Generate(IReadOnlyList<int> prompt, SamplingOptions options, int sample = 0)
    {
        var sampler = new Sampler(options);
        Require.That(prompt.Count > 0, $"a prompt must have at least one token");
        foreach (int id in prompt)
        {
            Require.That((uint)id < (uint)gpt.Config.VocabularySize,
                $"the prompt has the id {id}, outside of the vocabulary of {gpt.Config.VocabularySize}");
        }

        return Continue([.. prompt.TakeLast(gpt.Config.Context)], sampler, options.Seed, sample);
    }

    /// <summary>Frees the memory of the activations.</summary>
    public void Dispose() => _tape.Dispose();

    private IEnumerable<int> Continue(List<int> window, Sampler sampler, ulong seed, int sample)
    {
        for (ulong made = 0; ; made++)
        {
            double uniform = new RandomStream(seed, RandomPurpose.Sampling, (ulong)sample, made).Uniform(0);
            int next = sampler.Choose<T>(Logits(window).Span, uniform);
            window.Add(next);
            if (window.Count > gpt.Config.Context)
            {
                window.RemoveRange(0, window.Count - Math.Max(1, gpt.Config.Context / 2));
            }

            yield return next;
        }
    }

    /// <summary>The logits [V] of the token behind a window.</summary>
    private Tensor<T> Logits(List<int> window)
    {
        _tape.Reset();
        Tensor<int> ids = _tape.Allocate<int>([1, window.Count]);
        System.Runtime.InteropServices.CollectionsMarshal.AsSpan(window).CopyTo(ids.Span);
        Variable<T> last = gpt.Hidden(_tape, ids).Slice(1, window.Count - 1, 1); // (1, 1, C)
        return last.Linear(gpt.Head.Variable).Value;
    }
}
