using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using MiniGpt.Model.Files;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Model.Tokenizers;

/// <summary>Two tokens that become one.</summary>
/// <param name="Left">The id of the first.</param>
/// <param name="Right">The id of the second.</param>
/// <param name="Result">The id of the token whose bytes are theirs.</param>
public readonly record struct BytePairMerge(int Left, int Right, int Result);

/// <summary>
/// Byte-level byte-pair encoding (Sennrich et al. 2016; Radford et al. 2019): a text is cut into words, and within each of them the pair
/// of tokens whose merge was learned first is joined, again and again. Any bytes come back as they were.
/// </summary>
public sealed class BytePairTokenizer : SubwordTokenizer
{
    private const int SegmentBytes = 1 << 16;

    private readonly BytePairMerge[] _merges;
    private readonly MergeTable _mergeTable;
    private readonly int[] _byteIds;
    private readonly Dictionary<byte[], int>.AlternateLookup<ReadOnlySpan<byte>> _ids;
    private readonly ConcurrentBag<BytePairEncoder> _encoders = [];

    /// <summary>A tokenizer with this vocabulary.</summary>
    /// <param name="tokens">The bytes of every token; their places are their ids.</param>
    /// <param name="merges">The merges by the ids of their two tokens, in the order in which they were learned.</param>
    /// <param name="specialIds">The tokens that are found in a text as a whole and never merged.</param>
    /// <exception cref="ArgumentException">
    /// A token is empty or there twice, or a merge names, or results in, a token that the vocabulary does not have, or is there twice.
    /// </exception>
    public BytePairTokenizer(IReadOnlyList<byte[]> tokens, IReadOnlyList<(int Left, int Right)> merges, IEnumerable<int> specialIds)
        : this(tokens, merges, specialIds, BytePairOptions.Gpt2)
    {
    }

    /// <summary>A tokenizer with this vocabulary that does more to a text than GPT-2's.</summary>
    internal BytePairTokenizer(
        IReadOnlyList<byte[]> tokens, IReadOnlyList<(int Left, int Right)> merges, IEnumerable<int> specialIds, BytePairOptions options)
        : base(new TokenTable(tokens), specialIds, options.Ends)
    {
        Require.That(tokens.Count <= MergeTable.MostTokens, $"{tokens.Count} tokens are too many, at most {MergeTable.MostTokens} expected");
        Options = options;
        _ids = IndexOrdinary();
        _byteIds = new int[256];
        for (int value = 0; value < 256; value++)
            _byteIds[value] = _ids.TryGetValue([(byte)value], out int id) ? id : -1;
        _merges = Resolve(merges);
        _mergeTable = new MergeTable(_merges);
    }

    /// <inheritdoc/>
    public override string Kind => "bpe";

    /// <summary>The merges, in the order in which they were learned and are applied.</summary>
    public IReadOnlyList<BytePairMerge> Merges => _merges;

    /// <summary>What is done to a text before and beside its merges.</summary>
    internal BytePairOptions Options { get; }

    internal MergeTable MergeTable => _mergeTable;

    internal ReadOnlySpan<int> ByteIds => _byteIds;

    /// <summary>The token that a merge gives.</summary>
    internal int ResultOf(int rank) => _merges[rank].Result;

    /// <summary>A tokenizer with a vocabulary that is written in <see cref="ByteAlphabet"/>, as files have it.</summary>
    /// <param name="tokens">Every token; their places are their ids. Special tokens are written as they are.</param>
    /// <param name="merges">The two tokens of each merge, in the order in which they were learned.</param>
    /// <param name="specialIds">The tokens that are found in a text as a whole and never merged.</param>
    /// <exception cref="ArgumentException">
    /// A character stands for no byte, or the vocabulary is none: a token is empty or there twice, or a merge names a token that the
    /// vocabulary does not have.
    /// </exception>
    public static BytePairTokenizer FromAlphabet(
        IReadOnlyList<string> tokens, IReadOnlyList<(string Left, string Right)> merges, IReadOnlySet<int> specialIds) =>
        FromAlphabet(tokens, merges, specialIds, BytePairOptions.Gpt2);

    /// <summary>A tokenizer with such a vocabulary that does more to a text than GPT-2's.</summary>
    internal static BytePairTokenizer FromAlphabet(
        IReadOnlyList<string> tokens, IReadOnlyList<(string Left, string Right)> merges, IReadOnlySet<int> specialIds, BytePairOptions options)
    {
        byte[][] bytes = new byte[tokens.Count][];
        Dictionary<string, int> ids = new(tokens.Count);
        for (int id = 0; id < bytes.Length; id++)
        {
            if (specialIds.Contains(id) || options.UnusedIds.Contains(id))
                bytes[id] = Encoding.UTF8.GetBytes(tokens[id]);
            else
                Require.That(ByteAlphabet.TryToBytes(tokens[id], out bytes[id]), $"token {id}, \"{tokens[id]}\", has a character that stands for no byte");
            Require.That(ids.TryAdd(tokens[id], id), $"token {id}, \"{tokens[id]}\", is token {ids.GetValueOrDefault(tokens[id])} already");
        }
        return new BytePairTokenizer(bytes, [.. merges.Select((merge, rank) => (Known(merge.Left, rank), Known(merge.Right, rank)))], specialIds, options);

        int Known(string token, int rank) => ids.TryGetValue(token, out int id) && !specialIds.Contains(id) && !options.UnusedIds.Contains(id)
            ? id
            : throw new ArgumentException($"merge {rank} names \"{token}\", which is not in the vocabulary");
    }

    /// <summary>The ordinary token of these bytes; false where there is none.</summary>
    internal bool TryGetId(ReadOnlySpan<byte> bytes, out int id) => _ids.TryGetValue(bytes, out id);

    /// <summary>A token as files have it: in <see cref="ByteAlphabet"/>, or as it is where it is special.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is not in the vocabulary.</exception>
    public string AlphabetText(int id) => IsSpecial(id) || Options.UnusedIds.Contains(id) ? Encoding.UTF8.GetString(Tokens[id]) : ByteAlphabet.ToText(Tokens[id]);

    private protected override bool DependsOnBegin => Options.AddsPrefixSpace;

    private protected override int LengthOfWholePieces(ReadOnlySpan<byte> text, int reserve)
    {
        if (Options.Composes) // only where a space begins a word is it known that no accent is yet to come
            return TextCuts.FindLast(text, text.Length - reserve, Options.PreTokenizer.CutsAtLineEnds);
        return Options.PreTokenizer.LengthOfWholePieces(text, reserve);
    }

    /// <summary>Writes the ids of a part of a text that has no special tokens in it, on all threads where it is long.</summary>
    private protected override void EncodeOrdinary(ReadOnlySpan<byte> part, TextBegin begin, IBufferWriter<int> ids)
    {
        if (Options.Composes && part.ContainsAnyInRange((byte)0x80, (byte)0xFF))
            part = Composed(part);
        bool adds = Options.AddsPrefixSpace && begin != TextBegin.None && part[0] != ' ';
        if (adds)
            part = (byte[])[(byte)' ', .. part];
        try
        {
            if (part.Length > 2 * SegmentBytes && Workers.Count > 1)
                EncodeSegments(part, ids);
            else
                ids.Advance(EncodeAlone(part, ids.GetSpan(part.Length)));
        }
        catch (TextEncodingException error) when (adds)
        {
            throw error.WithoutAddedSpace();
        }
    }

    private void EncodeSegments(ReadOnlySpan<byte> part, IBufferWriter<int> ids)
    {
        List<Range> segments = Options.PreTokenizer.Segments(part, SegmentBytes);
        byte[] text = ArrayPool<byte>.Shared.Rent(part.Length); // threads cannot share a span
        int[] found = ArrayPool<int>.Shared.Rent(part.Length);
        int[] counts = new int[segments.Count];
        try
        {
            part.CopyTo(text);
            Workers.Run(segments.Count, i =>
            {
                try
                {
                    counts[i] = EncodeAlone(text.AsSpan(segments[i]), found.AsSpan(segments[i]));
                }
                catch (TextEncodingException error)
                {
                    throw error.Within(file: null, TextPlace.Start.After(text.AsSpan(0, segments[i].Start.Value)));
                }
            });
            for (int i = 0; i < counts.Length; i++)
                ids.Write(found.AsSpan(segments[i].Start.Value, counts[i]));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(text);
            ArrayPool<int>.Shared.Return(found);
        }
    }

    private int EncodeAlone(ReadOnlySpan<byte> text, Span<int> ids)
    {
        BytePairEncoder encoder = _encoders.TryTake(out BytePairEncoder? idle) ? idle : new BytePairEncoder(this);
        int count = encoder.Encode(text, ids);
        _encoders.Add(encoder);
        return count;
    }

    private protected override void AddTo(IncrementalHash hash)
    {
        hash.AppendData(MemoryMarshal.AsBytes<BytePairMerge>(_merges));
        hash.AppendData(MemoryMarshal.AsBytes<int>([.. SpecialIds]));
        if (Options != BytePairOptions.Gpt2 && Options with { Ends = TextEnds.None, UnusedIds = BytePairOptions.Gpt2.UnusedIds } != BytePairOptions.Gpt2)
            hash.AppendData(Encoding.UTF8.GetBytes($"{Options.PreTokenizer.Identity} {Options.AddsPrefixSpace} {Options.IgnoresMerges} {Options.Composes}"));
    }

    /// <summary>The ordinary tokens by their bytes, none of them twice.</summary>
    private Dictionary<byte[], int>.AlternateLookup<ReadOnlySpan<byte>> IndexOrdinary()
    {
        Dictionary<byte[], int> ids = new(Tokens.Count, BytesComparer.Instance);
        for (int id = 0; id < Tokens.Count; id++)
        {
            if (!IsSpecial(id) && !Options.UnusedIds.Contains(id))
                Require.That(ids.TryAdd(Tokens[id].ToArray(), id), $"token {id}, \"{TokenText(id)}\", is in the vocabulary twice");
        }
        return ids.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    /// <summary>A text in NFC; bytes that are no UTF-8 stay where they are.</summary>
    private static byte[] Composed(ReadOnlySpan<byte> text)
    {
        ArrayBufferWriter<byte> composed = new(text.Length);
        while (!text.IsEmpty)
        {
            int valid = System.Text.Unicode.Utf8.IsValid(text) ? text.Length : Utf8Characters.ValidLength(text);
            composed.Write(Encoding.UTF8.GetBytes(UnicodeNormalization.Compose(Encoding.UTF8.GetString(text[..valid]))));
            if (valid < text.Length)
                composed.Write(text.Slice(valid++, 1));
            text = text[valid..];
        }
        return composed.WrittenSpan.ToArray();
    }

    private BytePairMerge[] Resolve(IReadOnlyList<(int Left, int Right)> merges)
    {
        Require.That(merges.Count <= MergeTable.MostTokens, $"{merges.Count} merges are too many, at most {MergeTable.MostTokens} expected");
        BytePairMerge[] resolved = new BytePairMerge[merges.Count];
        for (int rank = 0; rank < resolved.Length; rank++)
        {
            (int left, int right) = merges[rank];
            foreach (int id in (ReadOnlySpan<int>)[left, right])
                Require.That((uint)id < (uint)Tokens.Count && !IsSpecial(id), $"merge {rank} names the token {id}, which is not in the vocabulary");
            byte[] joined = [.. Tokens[left], .. Tokens[right]];
            Require.That(_ids.TryGetValue(joined, out int result),
                $"merge {rank} gives \"{ByteAlphabet.ToText(joined)}\", which is not in the vocabulary");
            resolved[rank] = new BytePairMerge(left, right, result);
        }
        return resolved;
    }
}
