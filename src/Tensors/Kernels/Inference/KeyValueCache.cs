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
    private readonly int _keyHeads;
    private readonly int _headSize;

    // Keys, or values, of one head.
    private readonly long _part;

    /// <summary>Allocates the block.</summary>
    /// <param name="layers">The number of layers.</param>
    /// <param name="texts">How many texts are written side by side.</param>
    /// <param name="keyHeads">G, the heads of keys and values in a layer.</param>
    /// <param name="context">T, the positions of a text at most.</param>
    /// <param name="headSize">D, the width of a head.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    public KeyValueCache(int layers, int texts, int keyHeads, int context, int headSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(layers);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(texts);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(keyHeads);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(context);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(headSize);
        (_layers, Texts, _keyHeads, Context, _headSize) = (layers, texts, keyHeads, context, headSize);
        long positions = (context + (4L * PanelWidth) - 1) / (4 * PanelWidth) * (4 * PanelWidth); // a query looks at four panels at once
        _part = positions * headSize;
        _memory = new AlignedMemory(checked(2 * _part * keyHeads * layers * texts * sizeof(T)));
        NativeMemory.Clear(_memory.Pointer, (nuint)_memory.Bytes);
    }

    /// <summary>How many texts are written side by side.</summary>
    public int Texts { get; }

    /// <summary>How many positions a text can have.</summary>
    public int Context { get; }

    /// <summary>
    /// Stores the keys and values of new positions of neighbouring texts, then lets queries of new positions attend to the positions of
    /// their text up to themselves: softmax(q·kᵀ · scale)·v for each head.
    /// </summary>
    /// <param name="layer">The layer.</param>
    /// <param name="text">The first text. As many neighbouring ones get new positions as the tensors have, each as many.</param>
    /// <param name="position">The first new position; those before it are stored already.</param>
    /// <param name="q">[B, H, Q, D]: of each text, the same number of new positions, its last ones. G divides H.</param>
    /// <param name="k">[B, G, T, D]: of all new positions, T of them. As of all these tensors, only the innermost axis must lie without gaps.</param>
    /// <param name="v">[B, G, T, D].</param>
    /// <param name="output">[B, H, Q, D].</param>
    /// <param name="scale">Multiplies the scores; 1/√D as a rule.</param>
    /// <param name="window">How many positions a query sees at most, its own included; 0 for all.</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="ArgumentException">The innermost axis of a tensor has gaps.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such layer or text, or no room for the positions.</exception>
    public void Attend(
        int layer, int text, int position, in Tensor<T> q, in Tensor<T> k, in Tensor<T> v, in Tensor<T> output, T scale, int window = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(window);
        CheckStored(layer, text, position, k, v);
        CheckQueries(q, output);
        if (q.Shape[0] != k.Shape[0] || q.Shape[2] > k.Shape[2])
            throw new ShapeException("KeyValueCache", q.Shape, k.Shape, "of as many texts, at most as many queries as new positions");

        Run(layer, text, position, q, k, v, output, scale, window, causal: true);
    }

    /// <summary>Stores the keys and values of positions of neighbouring texts, for others to <see cref="Look"/> at.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="text">The first text.</param>
    /// <param name="position">The first new position.</param>
    /// <param name="k">[B, G, T, D].</param>
    /// <param name="v">[B, G, T, D].</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="ArgumentException">The innermost axis of a tensor has gaps.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such layer or text, or no room for the positions.</exception>
    public void Store(int layer, int text, int position, in Tensor<T> k, in Tensor<T> v)
    {
        CheckStored(layer, text, position, k, v);
        Tensor<T> none = k.Slice(2, 0, 0);
        Run(layer, text, position, none, k, v, none, T.One, window: 0, causal: false);
    }

    /// <summary>Lets queries look at everything that is stored of another sequence, such as the source of a translation.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="text">The first text; as many neighbouring ones as the tensors have.</param>
    /// <param name="positions">How many positions are stored of each of these texts.</param>
    /// <param name="q">[B, H, Q, D].</param>
    /// <param name="output">[B, H, Q, D].</param>
    /// <param name="scale">Multiplies the scores; 1/√D as a rule.</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="ArgumentException">The innermost axis of a tensor has gaps.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such layer or text, or not so many positions.</exception>
    public void Look(int layer, int text, int positions, in Tensor<T> q, in Tensor<T> output, T scale)
    {
        CheckQueries(q, output);
        CheckPlace(layer, text, q.Shape[0], positions, 0);
        ArgumentOutOfRangeException.ThrowIfZero(positions);
        Run(layer, text, positions, q, default, default, output, scale, window: 0, causal: false);
    }

    /// <summary>Copies the first positions of one text to another, in every layer.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such text.</exception>
    public void Copy(int from, int to)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)from, (uint)Texts, nameof(from));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)to, (uint)Texts, nameof(to));
        long bytes = 2 * _part * _keyHeads * sizeof(T);
        for (int layer = 0; layer < _layers && from != to; layer++)
            Buffer.MemoryCopy(Keys(layer, from), Keys(layer, to), bytes, bytes);

        GC.KeepAlive(this);
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose() => _memory.Dispose();

    private void Run(
        int layer, int text, int position, in Tensor<T> q, in Tensor<T> k, in Tensor<T> v, in Tensor<T> output, T scale, int window, bool causal)
    {
        bool stores = !k.IsEmpty;
        var kernel = new CachedAttention<T>
        {
            Q = new HeadRows<T>(q),
            K = stores ? new HeadRows<T>(k) : default,
            V = stores ? new HeadRows<T>(v) : default,
            Output = new HeadRows<T>(output),
            Keys = Keys(layer, text),
            Part = _part,
            Heads = q.Shape[1],
            KeyHeads = _keyHeads,
            HeadSize = _headSize,
            NewPositions = stores ? k.Shape[2] : 0,
            Queries = q.Shape[2],
            Position = position,
            Window = window,
            Causal = causal,
            Scale = scale,
        };
        Workers.Run<T, CachedAttention<T>>(ref kernel, q.Shape[0] * _keyHeads, kernel.Grain);
        GC.KeepAlive(this); // the kernel knows only where the memory lies, which ends with this
    }

    private void CheckQueries(in Tensor<T> q, in Tensor<T> output)
    {
        if (q.Rank != 4 || q.Shape != output.Shape || q.Shape[3] != _headSize || q.Shape[1] % _keyHeads != 0)
        {
            throw new ShapeException(
                "KeyValueCache", q.Shape, output.Shape, $"queries and output are [B, H, Q, {_headSize}], H a multiple of {_keyHeads}");
        }

        RequireInnerAxis(q);
        RequireInnerAxis(output);
    }

    private void CheckStored(int layer, int text, int position, in Tensor<T> k, in Tensor<T> v)
    {
        if (k.Rank != 4 || k.Shape != v.Shape || k.Shape[1] != _keyHeads || k.Shape[3] != _headSize)
            throw new ShapeException("KeyValueCache", k.Shape, v.Shape, $"keys and values are [B, {_keyHeads}, T, {_headSize}]");

        RequireInnerAxis(k);
        RequireInnerAxis(v);
        CheckPlace(layer, text, k.Shape[0], position, k.Shape[2]);
    }

    private void CheckPlace(int layer, int text, int texts, int position, int added)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)layer, (uint)_layers, nameof(layer));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)text, (uint)Texts, nameof(text));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(texts, Texts - text, nameof(texts));
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(added, Context - position, nameof(position));
    }

    private static void RequireInnerAxis(in Tensor<T> tensor)
    {
        if (tensor.Shape[3] > 1 && tensor.Stride(3) != 1)
            throw new ArgumentException($"KeyValueCache: the innermost axis of {tensor.Shape} must lie without gaps.");
    }

    /// <summary>The keys of a text's first head; its values behind them, then the other heads, then the other texts.</summary>
    private T* Keys(int layer, int text) => (T*)_memory.Pointer + ((long)layer * Texts + text) * _keyHeads * 2 * _part;
}
