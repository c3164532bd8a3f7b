using System.Numerics;
using System.Runtime.InteropServices;
using MiniGpt.Tensors.Memory;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// The keys and values of all positions of some texts, in every layer, so that a new position need not compute those before it again. One
/// block of memory, sized for the whole context at once.
/// </summary>
/// <remarks>
/// Values lie as they are computed, [T, D]. Keys lie in panels of <see cref="PanelWidth"/> positions, [T / 16, D, 16]: a query meets
/// sixteen of them at once, without a sum across a vector.
/// </remarks>
public sealed unsafe class KeyValueCache<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    internal const int PanelWidth = 16;

    private readonly AlignedMemory _memory;
    private readonly int _layers;
    private readonly int _heads;
    private readonly int _headSize;

    // Keys, or values, of one head.
    private readonly long _part;

    /// <summary>Allocates the block.</summary>
    /// <param name="layers">The number of layers.</param>
    /// <param name="texts">How many texts are written side by side.</param>
    /// <param name="heads">H, the heads of a layer.</param>
    /// <param name="context">T, the positions of a text at most.</param>
    /// <param name="headSize">D, the width of a head.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    public KeyValueCache(int layers, int texts, int heads, int context, int headSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(layers);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(texts);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(heads);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(context);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(headSize);
        (_layers, Texts, _heads, Context, _headSize) = (layers, texts, heads, context, headSize);
        long positions = (context + (4L * PanelWidth) - 1) / (4 * PanelWidth) * (4 * PanelWidth); // a query looks at four panels at once
        _part = positions * headSize;
        _memory = new AlignedMemory(checked(2 * _part * heads * layers * texts * sizeof(T)));
        NativeMemory.Clear(_memory.Pointer, (nuint)_memory.Bytes);
    }

    /// <summary>How many texts are written side by side.</summary>
    public int Texts { get; }

    /// <summary>How many positions a text can have.</summary>
    public int Context { get; }

    /// <summary>
    /// Stores the keys and values of new positions of neighbouring texts, then lets the queries of new positions attend to all positions of
    /// their text up to themselves: softmax(q·kᵀ / √D)·v for each head.
    /// </summary>
    /// <param name="layer">The layer.</param>
    /// <param name="text">The first text.</param>
    /// <param name="texts">How many texts get new positions, each as many.</param>
    /// <param name="position">The first new position; those before it are stored already.</param>
    /// <param name="qkv">[R, 3·H·D]: q, k and v side by side, text after text and position after position.</param>
    /// <param name="output">[Q, H·D]: of each text, the same number of new positions, its last ones.</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such layer or text, or no room for the positions.</exception>
    public void Attend(int layer, int text, int texts, int position, in Tensor<T> qkv, in Tensor<T> output)
    {
        int width = _heads * _headSize;
        if (qkv.Rank != 2 || output.Rank != 2 || qkv.Shape[1] != 3 * width || output.Shape[1] != width
            || output.Shape[0] > qkv.Shape[0] || output.Shape[0] % Math.Max(1, texts) != 0)
        {
            throw new ShapeException("KeyValueCache", qkv.Shape, output.Shape, $"[R, {3 * width}] gives up to [R, {width}], each text as many");
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)layer, (uint)_layers, nameof(layer));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)text, (uint)Texts, nameof(text));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)texts, (uint)(Texts - text), nameof(texts));
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        int rows = texts == 0 ? 0 : qkv.Shape[0] / texts;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows, Context - position, nameof(position));
        var kernel = new CachedAttention<T>
        {
            Qkv = qkv.RequireContiguous(),
            Output = output.RequireContiguous(),
            Keys = Keys(layer, text),
            Part = _part,
            Heads = _heads,
            HeadSize = _headSize,
            NewPositions = rows,
            Queries = texts == 0 ? 0 : output.Shape[0] / texts,
            Position = position,
        };
        Workers.Run<T, CachedAttention<T>>(ref kernel, texts * _heads, kernel.Grain);
        GC.KeepAlive(this); // the kernel knows only where the memory lies, which ends with this
    }

    /// <summary>Copies the first positions of one text to another, in every layer.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such text.</exception>
    public void Copy(int from, int to)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)from, (uint)Texts, nameof(from));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)to, (uint)Texts, nameof(to));
        long bytes = 2 * _part * _heads * sizeof(T);
        for (int layer = 0; layer < _layers && from != to; layer++)
        {
            Buffer.MemoryCopy(Keys(layer, from), Keys(layer, to), bytes, bytes);
        }

        GC.KeepAlive(this);
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose() => _memory.Dispose();

    /// <summary>The keys of a text's first head; its values behind them, then the other heads, then the other texts.</summary>
    private T* Keys(int layer, int text) => (T*)_memory.Pointer + ((long)layer * Texts + text) * _heads * 2 * _part;
}
