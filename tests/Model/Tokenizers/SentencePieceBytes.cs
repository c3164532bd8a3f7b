using System.Buffers.Binary;
using System.Text;

namespace MiniGpt.Tests.Model.Tokenizers;

/// <summary>Writes SentencePiece's model files by the description of their messages, for tests: nothing of it is the reader's.</summary>
internal sealed class SentencePieceBytes
{
    private readonly List<byte> _bytes = [];

    /// <summary>A model of pieces with their scores and kinds.</summary>
    public static byte[] Model(IEnumerable<(string Piece, float Score, int Kind)> pieces, byte[]? normalizer = null, int type = 1, byte[]? denormalizer = null)
    {
        SentencePieceBytes model = new();
        foreach ((string piece, float score, int kind) in pieces)
        {
            SentencePieceBytes message = new SentencePieceBytes().Bytes(1, Encoding.UTF8.GetBytes(piece)).Float(2, score);
            model.Bytes(1, (kind == 1 ? message : message.Number(3, kind)).ToArray()); // 1 is what is left out
        }
        model.Bytes(2, new SentencePieceBytes().Bytes(1, "text.txt"u8).Number(3, type).Number(4, 99).Float(10, 0.9995f).ToArray());
        model.Bytes(3, normalizer ?? Normalizer());
        return (denormalizer is null ? model : model.Bytes(5, denormalizer)).ToArray();
    }

    /// <summary>What is done to a text first.</summary>
    public static byte[] Normalizer(byte[]? map = null, bool? addsSpace = null, bool? dropsSpaces = null)
    {
        SentencePieceBytes message = new SentencePieceBytes().Bytes(1, "identity"u8);
        if (map is not null)
            message.Bytes(2, map);
        if (addsSpace is bool adds)
            message.Number(3, adds ? 1 : 0);
        if (dropsSpaces is bool drops)
            message.Number(4, drops ? 1 : 0);
        return message.ToArray();
    }

    /// <summary>Rules of characters, compiled: a double array whose units are those of darts-clone, and the replacements.</summary>
    public static byte[] Map(IReadOnlyDictionary<string, string> rules)
    {
        Node root = new();
        List<byte> texts = [];
        foreach ((string from, string to) in rules)
        {
            Node node = root;
            foreach (byte next in Encoding.UTF8.GetBytes(from))
                node = node.Children.TryGetValue(next, out Node? child) ? child : node.Children[next] = new Node();
            node.Value = texts.Count;
            texts.AddRange([.. Encoding.UTF8.GetBytes(to), 0]);
        }
        SortedDictionary<int, uint> units = new() { [0] = 0 };
        Place(root, 0, 0);
        int count = units.Keys.Max() + 1;
        byte[] map = new byte[4 + (4 * count) + texts.Count];
        BinaryPrimitives.WriteInt32LittleEndian(map, 4 * count);
        foreach ((int place, uint unit) in units)
            BinaryPrimitives.WriteUInt32LittleEndian(map.AsSpan(4 + (4 * place)), unit);
        texts.CopyTo(map, 4 + (4 * count));
        return map;

        // A child by the byte b lies at (place of its parent's children) XOR b, a value at the place itself.
        void Place(Node node, int place, uint label)
        {
            byte[] labels = [.. node.Children.Keys];
            int children = Enumerable.Range(1, int.MaxValue).First(at =>
                (node.Value < 0 || !units.ContainsKey(at)) && labels.All(next => !units.ContainsKey(at ^ next)) && ((place ^ at) < 1 << 21));
            units[place] = label | (uint)(place ^ children) << 10 | (node.Value >= 0 ? 0x100u : 0);
            if (node.Value >= 0)
                units[children] = 0x8000_0000u | (uint)node.Value;
            foreach (byte next in labels)
                units[children ^ next] = 0;
            foreach (byte next in labels)
                Place(node.Children[next], children ^ next, next);
        }
    }

    public SentencePieceBytes Number(int field, long value)
    {
        Varint((ulong)(field << 3));
        return Varint((ulong)value);
    }

    public SentencePieceBytes Float(int field, float value)
    {
        Varint((ulong)(field << 3 | 5));
        _bytes.AddRange(BitConverter.GetBytes(value));
        return this;
    }

    public SentencePieceBytes Bytes(int field, ReadOnlySpan<byte> value)
    {
        Varint((ulong)(field << 3 | 2));
        Varint((ulong)value.Length);
        _bytes.AddRange(value);
        return this;
    }

    public byte[] ToArray() => [.. _bytes];

    private SentencePieceBytes Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            _bytes.Add((byte)(value | 0x80));
        _bytes.Add((byte)value);
        return this;
    }

    private sealed class Node
    {
        public SortedDictionary<byte, Node> Children { get; } = [];

        public int Value { get; set; } = -1;
    }
}
