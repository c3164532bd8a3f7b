using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Model.Layers;

/// <summary>
/// What attention remembers of texts that are written token by token: the keys and values of all positions in every block, keys as they
/// are after their rotation. Not safe for use from several threads at once.
/// </summary>
/// <param name="config">The model.</param>
/// <param name="texts">How many texts are written side by side.</param>
/// <param name="blocks">How many blocks of positions all texts have together, <see cref="KeyValueCache{T}.BlockPositions"/> each; 0 for as many as their contexts.</param>
/// <exception cref="ArgumentException">The model's attention is not causal.</exception>
public sealed class AttentionMemory<T>(TransformerConfig config, int texts = 1, int blocks = 0) : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly KeyValueCache<T> _cache = config.Attention.IsCausal
        ? new(config.Layers, texts, config.Attention.KeyHeads, config.Context, config.HeadSize, blocks)
        : throw new ArgumentException("a model whose attention sees forward cannot go on with a text token by token: what was computed would change");
    private KeyValueCache<T>? _sources;
    private int _sourceLength;
    private readonly int[] _texts = new int[texts];
    private readonly int[] _positions = new int[texts];
    private int _count; // of texts that stand at positions of their own; 0 where all stand at the same
    private int _text;

    /// <summary>Where the first of the new positions stands, in all texts that get some.</summary>
    public int Position { get; private set; }

    /// <summary>How many blocks no text has.</summary>
    public int FreeBlocks => _cache.FreeBlocks;

    /// <summary>How many blocks there are.</summary>
    public int Blocks => _cache.Blocks;

    /// <summary>The bytes of a block, in all layers.</summary>
    public long BlockBytes => _cache.BlockBytes;

    /// <summary>Says where the positions of the next forward pass stand.</summary>
    /// <param name="text">The first text that gets positions.</param>
    /// <param name="position">The first of them: as many were given before, or were and count no longer.</param>
    public void Begin(int text, int position) => (_text, Position, _count) = (text, position, 0);

    /// <summary>Says where the positions of the next forward pass stand, of texts that stand at positions of their own.</summary>
    /// <param name="texts">The texts, each once.</param>
    /// <param name="positions">The first new position of each.</param>
    public void Begin(ReadOnlySpan<int> texts, ReadOnlySpan<int> positions)
    {
        texts.CopyTo(_texts);
        positions.CopyTo(_positions);
        (_count, Position) = (texts.Length, 0);
    }

    /// <summary>
    /// Takes the memory for new positions of some of these texts, so that several passes can go through the model at once, each with texts of
    /// its own: <see cref="ForwardPass{T}.FirstText"/>.
    /// </summary>
    internal void Reserve(int first, int count, int added) => _cache.Reserve(_texts.AsSpan(first, count), _positions.AsSpan(first, count), added);

    /// <summary>Gives a text what is kept of another one, up to so many positions.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such text.</exception>
    public void Copy(int from, int to, int positions = int.MaxValue) => _cache.Copy(from, to, positions);

    /// <summary>Forgets a text: its blocks are others' to take.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such text.</exception>
    public void Forget(int text) => _cache.Forget(text);

    /// <summary>How many sources are kept for the texts to look at; 0 in a model without.</summary>
    public int Sources => _sources?.Texts ?? 0;

    /// <summary>Makes room for the sources of the texts: neighbouring texts share one where there are fewer.</summary>
    /// <param name="count">How many.</param>
    /// <param name="length">S: the positions of each.</param>
    public void BeginSources(int count, int length)
    {
        _sources?.Dispose();
        _sources = new KeyValueCache<T>(config.Layers, count, config.Attention.KeyHeads, length, config.HeadSize);
        _sourceLength = length;
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        _cache.Dispose();
        _sources?.Dispose();
    }

    internal void StoreSources(int layer, in Tensor<T> k, in Tensor<T> v) => _sources!.Store(layer, 0, 0, k, v);

    internal void LookAtSources(int layer, in Tensor<T> q, in Tensor<T> output, T scale) =>
        _sources!.Look(layer, 0, _sourceLength, q, output, scale);

    /// <summary>Stores the new positions of a block and attends to all of them.</summary>
    /// <param name="layer">The block.</param>
    /// <param name="q">[B, H, Q, D], the last of the new positions.</param>
    /// <param name="k">[B, G, T, D].</param>
    /// <param name="v">[B, G, T, D].</param>
    /// <param name="output">[B, H, Q, D].</param>
    /// <param name="scale">Multiplies the scores.</param>
    /// <param name="window">How many positions a query sees at most; 0 for all.</param>
    /// <param name="first">Which of the texts that stand at positions of their own is the first of these.</param>
    internal void Attend(int layer, in Tensor<T> q, in Tensor<T> k, in Tensor<T> v, in Tensor<T> output, T scale, int window, int first)
    {
        if (_count == 0)
            _cache.Attend(layer, _text, Position, q, k, v, output, scale, window);
        else
            _cache.Attend(layer, _texts.AsSpan(first, k.Shape[0]), _positions.AsSpan(first, k.Shape[0]), q, k, v, output, scale, window);
    }
}
