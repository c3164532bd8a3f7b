using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MiniGpt.Tensors.Memory;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// The keys and values of all positions of some texts, in every layer, so that a new position need not compute those before it again. They
/// lie in blocks of <see cref="BlockPositions"/> positions, which a text takes as it grows and which several texts that begin alike share
/// (Kwon et al. 2023).
/// </summary>
/// <remarks>
/// Within a block every head of every layer has its keys and behind them its values. Values lie as they are computed, [64, D]. Keys lie in
/// panels of <see cref="PanelWidth"/> positions, [4, D, 16]: a query meets sixteen of them at once, without a sum across a vector.
/// </remarks>
public sealed unsafe class KeyValueCache<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The positions of a block: as many as a query looks at in one go.</summary>
    public const int BlockPositions = 4 * PanelWidth;

    internal const int PanelWidth = 16;

    private const int None = -1;

    private readonly AlignedMemory _memory;
    private readonly int _layers;
    private readonly int _keyHeads;
    private readonly int _headSize;

    // Numbers in a block, and in the keys and values of one of its heads.
    private readonly long _block;
    private readonly int _head;

    // The blocks of each text, one row a text; kernels read it.
    private readonly int[] _table;
    private readonly int _blocksOfText;
    private readonly int[] _filled;

    // How many texts have a block, and those that none has, the next to be taken last.
    private readonly int[] _uses;
    private readonly int[] _free;
    private int _touched;

    /// <summary>Allocates the memory; the system provides what of it is used.</summary>
    /// <param name="layers">The number of layers.</param>
    /// <param name="texts">How many texts are written side by side.</param>
    /// <param name="keyHeads">G, the heads of keys and values in a layer.</param>
    /// <param name="context">T, the positions of a text at most.</param>
    /// <param name="headSize">D, the width of a head.</param>
    /// <param name="blocks">How many blocks all texts have together; 0 for as many as they need at their longest.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    public KeyValueCache(int layers, int texts, int keyHeads, int context, int headSize, int blocks = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(blocks);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(layers);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(texts);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(keyHeads);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(context);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(headSize);
        (_layers, Texts, _keyHeads, Context, _headSize) = (layers, texts, keyHeads, context, headSize);
        _blocksOfText = BlocksOf(context);
        Blocks = blocks == 0 ? checked(texts * _blocksOfText) : blocks;
        _head = checked(2 * BlockPositions * headSize);
        _block = (long)_head * keyHeads * layers;
        _memory = new AlignedMemory(checked(_block * Blocks * sizeof(T)));
        // Kernels know it by its address.
        _table = GC.AllocateUninitializedArray<int>(texts * _blocksOfText, pinned: true);
        Array.Fill(_table, None);
        _filled = new int[texts];
        _uses = new int[Blocks];
        _free = new int[Blocks];
        FreeBlocks = Blocks;
        for (int i = 0; i < Blocks; i++)
            _free[i] = Blocks - 1 - i; // those that were used come first, so that memory that never was stays the system's
    }

    /// <summary>How many texts are written side by side.</summary>
    public int Texts { get; }

    /// <summary>How many positions a text can have.</summary>
    public int Context { get; }

    /// <summary>How many blocks there are.</summary>
    public int Blocks { get; }

    /// <summary>How many of them no text has.</summary>
    public int FreeBlocks { get; private set; }

    /// <summary>The bytes of a block.</summary>
    public long BlockBytes => _block * sizeof(T);

    /// <summary>The bytes of a block of a model of these sizes.</summary>
    public static long BytesOfBlock(int layers, int keyHeads, int headSize) => 2L * BlockPositions * headSize * keyHeads * layers * sizeof(T);

    /// <summary>How many blocks so many positions take.</summary>
    public static int BlocksOf(int positions) => (int)(((long)positions + BlockPositions - 1) / BlockPositions);

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
        CheckStored(layer, text, position, k, v);
        Attend(layer, Neighbours(text, k.Shape[0]), Same(position, k.Shape[0]), q, k, v, output, scale, window);
    }

    /// <summary>The same with texts that need neither be neighbours nor stand at the same position.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="texts">The texts, each once.</param>
    /// <param name="positions">The first new position of each.</param>
    /// <param name="q">[B, H, Q, D].</param>
    /// <param name="k">[B, G, T, D].</param>
    /// <param name="v">[B, G, T, D].</param>
    /// <param name="output">[B, H, Q, D].</param>
    /// <param name="scale">Multiplies the scores.</param>
    /// <param name="window">How many positions a query sees at most, its own included; 0 for all.</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="ArgumentException">The innermost axis of a tensor has gaps.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such layer or text, or no room for the positions.</exception>
    public void Attend(
        int layer, ReadOnlySpan<int> texts, ReadOnlySpan<int> positions, in Tensor<T> q, in Tensor<T> k, in Tensor<T> v, in Tensor<T> output,
        T scale, int window = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(window);
        CheckStored(k, v);
        CheckQueries(q, output);
        ArgumentOutOfRangeException.ThrowIfNotEqual(texts.Length, k.Shape[0], nameof(texts));
        ArgumentOutOfRangeException.ThrowIfNotEqual(positions.Length, texts.Length, nameof(positions));
        for (int i = 0; i < texts.Length; i++)
            CheckPlace(layer, texts[i], 1, positions[i], k.Shape[2]);
        if (q.Shape[0] != k.Shape[0] || q.Shape[2] > k.Shape[2])
            throw new ShapeException("KeyValueCache", q.Shape, k.Shape, "of as many texts, at most as many queries as new positions");

        Run(layer, texts, positions, q, k, v, output, scale, window, causal: true);
    }

    /// <summary>
    /// Takes the blocks for new positions ahead of <see cref="Attend(int, ReadOnlySpan{int}, ReadOnlySpan{int}, in Tensor{T}, in Tensor{T}, in Tensor{T}, in Tensor{T}, T, int)"/>:
    /// several threads may then store and attend at once, each for other texts.
    /// </summary>
    /// <param name="texts">The texts, each once.</param>
    /// <param name="positions">The first new position of each.</param>
    /// <param name="added">How many new positions each gets.</param>
    /// <exception cref="ArgumentException">There is not a position of each text.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such text, or no room for the positions.</exception>
    public void Reserve(ReadOnlySpan<int> texts, ReadOnlySpan<int> positions, int added)
    {
        if (texts.Length != positions.Length)
            throw new ArgumentException($"KeyValueCache: {texts.Length} texts and {positions.Length} positions are not one of each.");

        for (int i = 0; i < texts.Length; i++)
        {
            CheckPlace(0, texts[i], 1, positions[i], added);
            MakeRoom(texts[i], positions[i], added);
        }
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
        Run(layer, Neighbours(text, k.Shape[0]), Same(position, k.Shape[0]), none, k, v, none, T.One, window: 0, causal: false);
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
        Run(layer, Neighbours(text, q.Shape[0]), Same(positions, q.Shape[0]), q, default, default, output, scale, window: 0, causal: false);
    }

    /// <summary>
    /// Gives a text what is stored of another one: they share it, until one of them writes over what it has. What it had before is forgotten.
    /// </summary>
    /// <param name="from">The text that has it.</param>
    /// <param name="to">The text that gets it.</param>
    /// <param name="positions">How many positions, from the first on.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such text, or there are not so many positions.</exception>
    public void Copy(int from, int to, int positions = int.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(positions);
        Span<int> source = TableOf(from), target = TableOf(to);
        if (from == to)
            return;

        Forget(to);
        for (int i = 0; i < BlocksOf(Math.Min(positions, Context)) && source[i] != None; i++)
        {
            target[i] = source[i];
            _uses[source[i]]++;
            _filled[to] = i + 1;
        }
    }

    /// <summary>Gives back the blocks that a text alone has.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such text.</exception>
    public void Forget(int text)
    {
        foreach (ref int block in TableOf(text))
        {
            if (block != None)
                Release(block);
            block = None;
        }
        _filled[text] = 0;
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose() => _memory.Dispose();

    private void Run(
        int layer, ReadOnlySpan<int> texts, ReadOnlySpan<int> positions, in Tensor<T> q, in Tensor<T> k, in Tensor<T> v, in Tensor<T> output,
        T scale, int window, bool causal)
    {
        bool stores = !k.IsEmpty;
        int added = stores ? k.Shape[2] : 0, longest = 0;
        Span<int> ofCall = Scratch.Span<int>(Scratch.Slot.Texts, texts.Length), from = Scratch.Span<int>(Scratch.Slot.Positions, texts.Length);
        for (int i = 0; i < texts.Length; i++)
        {
            (ofCall[i], from[i]) = (texts[i], positions[i]);
            longest = Math.Max(longest, positions[i] + added);
            MakeRoom(texts[i], positions[i], added);
        }

        var kernel = new CachedAttention<T>
        {
            Q = new HeadRows<T>(q),
            K = stores ? new HeadRows<T>(k) : default,
            V = stores ? new HeadRows<T>(v) : default,
            Output = new HeadRows<T>(output),
            Memory = (T*)_memory.Pointer + (long)layer * _keyHeads * _head,
            BlockSize = _block,
            BlocksOfText = _blocksOfText,
            Table = (int*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_table)),
            Texts = (int*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(ofCall)),
            Positions = (int*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(from)),
            Longest = longest,
            Heads = q.Shape[1],
            KeyHeads = _keyHeads,
            HeadSize = _headSize,
            NewPositions = added,
            Queries = q.Shape[2],
            Window = window,
            Causal = causal,
            Scale = scale,
        };
        Workers.Run<T, CachedAttention<T>>(ref kernel, texts.Length * _keyHeads, kernel.Grain);
        GC.KeepAlive(this); // the kernel knows only where the memory lies, which ends with this
    }

    /// <summary>Sees to it that a text has blocks of its own for new positions: one that it shares is copied if part of it stays.</summary>
    private void MakeRoom(int text, int position, int added)
    {
        Span<int> table = TableOf(text);
        int first = position / BlockPositions, end = BlocksOf(position + added);
        for (int i = _filled[text]; i < end; i++)
            table[i] = Take();

        for (int i = first; added > 0 && i < Math.Min(end, _filled[text]); i++)
        {
            int block = table[i];
            if (_uses[block] == 1)
                continue;

            table[i] = Take();
            if (i == first && position % BlockPositions > 0)
                Buffer.MemoryCopy(AddressOf(block), AddressOf(table[i]), BlockBytes, BlockBytes);
            Release(block);
        }

        _filled[text] = Math.Max(_filled[text], end);
    }

    private int Take()
    {
        if (FreeBlocks == 0)
            throw new InvalidOperationException($"All {Blocks} blocks of keys and values are taken.");

        int block = _free[--FreeBlocks];
        _uses[block] = 1;
        if (block >= _touched)
        {
            NativeMemory.Clear(AddressOf(block), (nuint)BlockBytes); // numbers that nobody wrote may be slow ones
            _touched = block + 1;
        }
        return block;
    }

    private void Release(int block)
    {
        if (--_uses[block] == 0)
            _free[FreeBlocks++] = block;
    }

    private void* AddressOf(int block) => (T*)_memory.Pointer + block * _block;

    private Span<int> TableOf(int text)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)text, (uint)Texts, nameof(text));
        return _table.AsSpan(text * _blocksOfText, _blocksOfText);
    }

    private static ReadOnlySpan<int> Neighbours(int first, int count)
    {
        Span<int> texts = Scratch.Span<int>(Scratch.Slot.Texts, count);
        for (int i = 0; i < count; i++)
            texts[i] = first + i;
        return texts;
    }

    private static ReadOnlySpan<int> Same(int position, int count)
    {
        Span<int> positions = Scratch.Span<int>(Scratch.Slot.Positions, count);
        positions.Fill(position);
        return positions;
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
        CheckStored(k, v);
        CheckPlace(layer, text, k.Shape[0], position, k.Shape[2]);
    }

    private void CheckStored(in Tensor<T> k, in Tensor<T> v)
    {
        if (k.Rank != 4 || k.Shape != v.Shape || k.Shape[1] != _keyHeads || k.Shape[3] != _headSize)
            throw new ShapeException("KeyValueCache", k.Shape, v.Shape, $"keys and values are [B, {_keyHeads}, T, {_headSize}]");

        RequireInnerAxis(k);
        RequireInnerAxis(v);
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
}
