using System.Numerics;

namespace MiniGpt.Model.Generation;

/// <summary>Chooses a token from logits.</summary>
public sealed class Sampler
{
    private readonly SamplingOptions _options;
    private readonly PriorityQueue<int, double> _likeliest = new();
    private double[] _weights = [];

    /// <summary>Makes a sampler.</summary>
    /// <exception cref="ArgumentException">An option makes no sense.</exception>
    public Sampler(SamplingOptions options)
    {
        options.Validate();
        _options = options;
    }

    /// <summary>Chooses a token.</summary>
    /// <param name="logits">[V].</param>
    /// <param name="uniform">A random number of [0, 1): the same number chooses the same token.</param>
    public int Choose<T>(ReadOnlySpan<T> logits, double uniform)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (_options.Temperature == 0)
        {
            return Likeliest(logits);
        }

        double sum = Weigh(logits);
        double target = uniform * sum;
        int last = -1;
        for (int id = 0; id < logits.Length; id++)
        {
            if (_weights[id] > 0)
            {
                last = id;
                target -= _weights[id];
                if (target < 0)
                {
                    return id;
                }
            }
        }

        return last; // rounding can leave a crumb of the target behind the last token
    }

    private static int Likeliest<T>(ReadOnlySpan<T> logits)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int best = 0;
        for (int id = 1; id < logits.Length; id++)
        {
            if (logits[id] > logits[best])
            {
                best = id;
            }
        }

        return best;
    }

    /// <summary>Fills the weights exp((logit − max) / temperature) of the tokens that can be chosen and returns their sum.</summary>
    private double Weigh<T>(ReadOnlySpan<T> logits)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (_weights.Length != logits.Length)
        {
            _weights = new double[logits.Length];
        }

        double max = double.CreateChecked(logits[Likeliest(logits)]);
        for (int id = 0; id < logits.Length; id++)
        {
            _weights[id] = Math.Exp((double.CreateChecked(logits[id]) - max) / _options.Temperature);
        }

        if (_options.TopK is int k && k < logits.Length)
        {
            KeepLikeliest(k);
        }

        double sum = 0;
        foreach (double weight in _weights)
        {
            sum += weight;
        }

        return sum;
    }

    /// <summary>Leaves the k greatest weights; of equal ones, those that come first.</summary>
    private void KeepLikeliest(int k)
    {
        _likeliest.Clear();
        for (int id = 0; id < _weights.Length; id++)
        {
            if (_likeliest.Count < k)
            {
                _likeliest.Enqueue(id, _weights[id]);
            }
            else if (_likeliest.TryPeek(out _, out double least) && _weights[id] > least)
            {
                int dropped = _likeliest.DequeueEnqueue(id, _weights[id]);
                _weights[dropped] = 0;
            }
            else
            {
                _weights[id] = 0;
            }
        }
    }
}
