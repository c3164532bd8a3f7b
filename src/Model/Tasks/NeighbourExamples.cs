using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Model.Tasks;

/// <summary>
/// Makes examples of word2vec from lines of words. Frequent words are passed over at random (1 − √(t/f) of them, f their share of the text),
/// a window of random width says who is a neighbour, and a line is a sentence, across whose end nobody looks. Everything random is a function
/// of the seed, the epoch and the place in the text.
/// </summary>
internal sealed class NeighbourExamples
{
    private readonly NoiseWords _noise;
    private readonly double[] _kept; // the probability of each word to be kept
    private readonly bool _isBag;
    private readonly int _window;
    private readonly int _negative;
    private readonly ulong _seed;
    private readonly uint[] _bits;
    private readonly List<(int Id, ulong Place)> _line = [];
    private ulong _epoch;
    private ulong _place;

    /// <param name="counts">How often each word occurs.</param>
    /// <param name="isBag">
    /// Whether the mean of all neighbours looks at the word between them (CBOW), rather than a word at each of its neighbours (skip-gram).
    /// </param>
    /// <param name="window">The furthest neighbour.</param>
    /// <param name="negative">K: wrong targets of an example.</param>
    /// <param name="subsample">t; 0 to keep all words.</param>
    /// <param name="seed">What random numbers are a function of.</param>
    public NeighbourExamples(IReadOnlyList<long> counts, bool isBag, int window, int negative, double subsample, ulong seed)
    {
        double total = counts.Sum();
        (_isBag, _window, _negative, _seed) = (isBag, window, negative, seed);
        _noise = new NoiseWords(counts);
        _kept = [.. counts.Select(count => subsample > 0 ? Math.Sqrt(subsample * total / count) : 1)];
        _bits = new uint[2 * negative];
    }

    /// <summary>The most contexts of an example.</summary>
    public int ContextWidth => _isBag ? 2 * _window : 1;

    /// <summary>The probability of the word that is drawn most often.</summary>
    public double LargestShare => _noise.LargestShare;

    /// <summary>Begins to go through the text.</summary>
    public void Start(int epoch) => (_epoch, _place) = ((ulong)epoch, 0);

    /// <summary>Adds the examples of a line.</summary>
    /// <param name="line">The ids of its words.</param>
    /// <param name="batch">Gets them.</param>
    /// <param name="whenFull">Is called each time that the batch is full, and must clear it.</param>
    public void Add(List<int> line, NeighbourBatch batch, Action whenFull)
    {
        RandomStream subsampling = new(_seed, RandomPurpose.Subsampling, _epoch), windows = new(_seed, RandomPurpose.Windows, _epoch);
        _line.Clear();
        foreach (int id in line)
        {
            if (_kept[id] >= 1 || subsampling.Uniform(_place) < _kept[id])
                _line.Add((id, _place));
            _place++;
        }
        for (int centre = 0; centre < _line.Count; centre++)
        {
            int reach = 1 + windows.Below(_line[centre].Place, _window);
            int first = Math.Max(0, centre - reach), last = Math.Min(_line.Count - 1, centre + reach);
            if (first == last)
                continue; // nobody is near
            RandomStream noise = new(_seed, RandomPurpose.NegativeSamples, _epoch, _line[centre].Place);
            if (_isBag)
            {
                batch.Add(out Span<int> contexts, out Span<int> targets);
                int count = 0;
                for (int near = first; near <= last; near++)
                {
                    if (near != centre)
                        contexts[count++] = _line[near].Id;
                }
                WriteTargets(_line[centre].Id, targets, noise, number: 0);
                if (batch.IsFull)
                    whenFull();
                continue;
            }
            for (int near = first; near <= last; near++)
            {
                if (near == centre)
                    continue;
                batch.Add(out Span<int> contexts, out Span<int> targets);
                contexts[0] = _line[centre].Id;
                WriteTargets(_line[near].Id, targets, noise, number: near - first);
                if (batch.IsFull)
                    whenFull();
            }
        }
    }

    /// <summary>The right target and the wrong ones. A draw that is the right one is left out.</summary>
    private void WriteTargets(int right, Span<int> targets, RandomStream noise, int number)
    {
        noise.FillBits(_bits, (ulong)number * (ulong)_bits.Length);
        targets[0] = right;
        for (int i = 0; i < _negative; i++)
        {
            int drawn = _noise.Draw(_bits[2 * i], _bits[2 * i + 1]);
            targets[1 + i] = drawn == right ? NegativeSampling.None : drawn;
        }
    }
}
