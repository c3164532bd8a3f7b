using System.Numerics;
using System.Runtime.InteropServices;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Model.Generation;

/// <summary>Chooses the tokens of one text, one after the other, from their logits.</summary>
public sealed class Sampler
{
    // Sharper than this there is nothing but the likeliest token, and a logit may overflow.
    private const double MostSharp = 1e300;

    private SamplingOptions _options;
    private readonly List<int> _distinct = [];
    private readonly RankSelection _selection = new();
    private readonly Dictionary<int, int> _drawn = []; // how often
    private bool[] _isInText = [];
    private Tensor<double> _weights;

    /// <summary>Makes a sampler.</summary>
    /// <exception cref="ArgumentException">An option makes no sense.</exception>
    public Sampler(SamplingOptions options)
    {
        options.Validate();
        _options = options;
    }

    /// <summary>The probabilities [V] from which a token is drawn: what the options make of logits. At temperature 0, all of it on one token.</summary>
    /// <param name="logits">[V].</param>
    /// <param name="options">The steps and their strength.</param>
    /// <param name="text">The ids that are already in the text: they get the repetition penalty.</param>
    /// <exception cref="ArgumentException">An option makes no sense, an id is outside of the vocabulary, or no logit is a finite number.</exception>
    public static double[] Probabilities<T>(ReadOnlySpan<T> logits, SamplingOptions options, ReadOnlySpan<int> text = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Sampler sampler = new(options);
        foreach (int id in text)
        {
            Require.That((uint)id < (uint)logits.Length, $"the text has the id {id}, outside of the vocabulary of {logits.Length}");
            sampler.Remember(id);
        }

        double[] probabilities = sampler.Weigh(logits, out double sum).ToArray();
        GC.KeepAlive(sampler); // the weights are its memory, which ends with it
        for (int id = 0; id < probabilities.Length; id++)
            probabilities[id] /= sum;

        return probabilities;
    }

    /// <summary>Says that a token is in the text, for the repetition penalty; the other penalties are for tokens that were drawn. <see cref="Choose"/> does so by itself for what it chose.</summary>
    public void Remember(int id)
    {
        if (_options.RepetitionPenalty == 1)
            return;

        if (id >= _isInText.Length)
            Array.Resize(ref _isInText, Math.Max(id + 1, 2 * _isInText.Length));

        if (!_isInText[id])
        {
            _isInText[id] = true;
            _distinct.Add(id);
        }
    }

    /// <summary>Changes the temperature from here on.</summary>
    /// <exception cref="ArgumentException">It is no number from 0 up.</exception>
    public void SetTemperature(double temperature)
    {
        SamplingOptions changed = _options with { Temperature = temperature };
        changed.Validate();
        _options = changed;
    }

    /// <summary>Chooses a token.</summary>
    /// <param name="logits">[V].</param>
    /// <param name="uniform">A random number of [0, 1): the same number chooses the same token.</param>
    /// <exception cref="ArgumentException">No logit is a finite number.</exception>
    public int Choose<T>(ReadOnlySpan<T> logits, double uniform)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int id = Draw(Weigh(logits, out double sum), uniform * sum);
        Remember(id);
        if (_options.PresencePenalty != 0 || _options.FrequencyPenalty != 0)
            CollectionsMarshal.GetValueRefOrAddDefault(_drawn, id, out _)++;
        return id;
    }

    private static int Draw(ReadOnlySpan<double> weights, double target)
    {
        int last = -1;
        for (int id = 0; id < weights.Length; id++)
        {
            target -= weights[id];
            if (weights[id] > 0)
            {
                last = id;
                if (target < 0)
                    return id;
            }
        }

        return last; // rounding can leave a crumb of the target behind the last token
    }

    /// <summary>The probabilities up to a factor: their sum is not one where a step left tokens out.</summary>
    private ReadOnlySpan<double> Weigh<T>(ReadOnlySpan<T> logits, out double sum)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (_weights.IsEmpty || _weights.Count != logits.Length)
            _weights = new Tensor<double>([logits.Length]);

        Span<double> weights = _weights.Span;
        for (int id = 0; id < weights.Length; id++)
            weights[id] = double.CreateTruncating(logits[id]);

        Penalise(weights);
        double sharpness = 1 / _options.Temperature;
        if (sharpness > MostSharp)
        {
            int likeliest = Likeliest(weights);
            RequireNumbers(double.IsFinite(weights[likeliest]));
            weights.Clear();
            sum = weights[likeliest] = 1;
            return weights;
        }

        Elementwise.Scale(_weights, sharpness, _weights);
        if (_options.TopK is int k && k < weights.Length)
            _selection.KeepCount(weights, k, dropped: double.NegativeInfinity);

        Softmax.Forward(_weights, _weights);
        RequireNumbers(weights[0] >= 0 && weights.ContainsAnyExcept(0)); // a single NaN or infinity makes all of them NaN
        sum = _options.TopP < 1 ? _selection.KeepMass(weights, _options.TopP, dropped: 0) : 1;
        return _options.MinP > 0 ? AtLeast(weights, _options.MinP * weights[Likeliest(weights)], out sum) : weights;
    }

    private static Span<double> AtLeast(Span<double> weights, double least, out double sum)
    {
        sum = 0;
        foreach (ref double weight in weights)
        {
            weight = weight < least ? 0 : weight;
            sum += weight;
        }

        return weights;
    }

    private static void RequireNumbers(bool rule) =>
        Require.That(rule, $"the model's logits are not finite numbers: its weights are broken");

    private void Penalise(Span<double> logits)
    {
        foreach (int id in _distinct)
        {
            if (id >= logits.Length)
            {
                continue; // a spare row of the model's embedding, which is never drawn
            }

            logits[id] = logits[id] < 0 ? logits[id] * _options.RepetitionPenalty : logits[id] / _options.RepetitionPenalty;
        }

        foreach ((int id, int count) in _drawn)
            logits[id] -= _options.PresencePenalty + count * _options.FrequencyPenalty;

        if (_options.Bias is { } biases)
        {
            foreach ((int id, double bias) in biases)
            {
                if (id < logits.Length)
                    logits[id] += bias;
            }
        }
    }

    // Written so that a NaN anywhere is the answer: it would otherwise hide.
    private static int Likeliest(ReadOnlySpan<double> logits)
    {
        int best = 0;
        for (int id = 1; id < logits.Length; id++)
        {
            if (!(logits[id] <= logits[best]))
            {
                best = id;
                if (double.IsNaN(logits[id]))
                    break;
            }
        }

        return best;
    }
}
