using System.Numerics;

namespace MiniGpt.Tensors.Kernels;

/// <content>What the pass goes through: heads of queries, and blocks of keys with their values.</content>
internal readonly unsafe partial struct AttentionBackward<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>One head of the queries of one example, with all that belongs to it.</summary>
    private readonly struct QueryHead(in AttentionBackward<T> pass, int item)
    {
        private readonly int _queries = pass._q.Shape[2], _depth = pass.Depth, _valueWidth = pass.ValueWidth;

        public int Item { get; } = item;

        public Operand<T> Q { get; } = AttentionTile.Head(pass._q, item);

        public Operand<T> Output { get; } = AttentionTile.Head(pass._output, item);

        public Operand<T> OutputGradient { get; } = AttentionTile.Head(pass._outputGradient, item);

        public Operand<T> QGradient { get; } = AttentionTile.Head(pass._qGradient, item);

        /// <summary>Fetches rows that will soon be needed.</summary>
        public void Prefetch(int first, int count)
        {
            AttentionTile.Prefetch(Q, first, count, _queries, _depth);
            AttentionTile.Prefetch(Output, first, count, _queries, _valueWidth);
            AttentionTile.Prefetch(OutputGradient, first, count, _queries, _valueWidth);
            AttentionTile.Prefetch(QGradient, first, count, _queries, _depth);
        }
    }

    /// <summary>A block of keys of one head of one example, with the values and the gradients.</summary>
    private readonly struct KeyHead(in AttentionBackward<T> pass, int item, int firstKey)
    {
        private readonly int _depth = pass.Depth, _valueWidth = pass.ValueWidth;

        public int FirstKey { get; } = firstKey;

        public int Count { get; } = Math.Min(KeysAtOnce, pass._k.Shape[2] - firstKey);

        public Operand<T> K { get; } = AttentionTile.Head(pass._k, item).From(firstKey, 0);

        public Operand<T> V { get; } = AttentionTile.Head(pass._v, item).From(firstKey, 0);

        public Operand<T> KGradient { get; } = AttentionTile.Head(pass._kGradient, item).From(firstKey, 0);

        public Operand<T> VGradient { get; } = AttentionTile.Head(pass._vGradient, item).From(firstKey, 0);

        /// <summary>Fetches rows that will soon be needed.</summary>
        public void Prefetch(int first, int count)
        {
            AttentionTile.Prefetch(K, first, count, Count, _depth);
            AttentionTile.Prefetch(V, first, count, Count, _valueWidth);
            AttentionTile.Prefetch(KGradient, first, count, Count, _depth);
            AttentionTile.Prefetch(VGradient, first, count, Count, _valueWidth);
        }
    }

    /// <summary>A block of keys and values, packed.</summary>
    private readonly record struct KeyBlock
    {
        public int FirstKey { get; init; }

        public int Count { get; init; }

        /// <summary>Where they come from.</summary>
        public KeyHead Head { get; init; }

        /// <summary>What will be packed next; none after the last.</summary>
        public KeyHead Next { get; init; }

        /// <summary>The keys as columns, in panels.</summary>
        public Operand<T> KeyTiles { get; init; }

        /// <summary>The keys as rows.</summary>
        public Operand<T> Keys { get; init; }

        /// <summary>The values as columns, in panels.</summary>
        public Operand<T> ValueTiles { get; init; }

        public int DepthStride { get; init; }

        public int ValueStride { get; init; }

        /// <summary>Room for a row of scores.</summary>
        public int Stride { get; init; }

        public bool AreFinite { get; init; }
    }
}
