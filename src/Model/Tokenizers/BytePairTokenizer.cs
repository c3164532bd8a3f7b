using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
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
public sealed class BytePairTokenizer : Tokenizer
{
    private const int SegmentBytes = 1 << 16;

    private readonly BytePairMerge[] _merges;
    private readonly MergeTable _mergeTable;
    private readonly int[] _byteIds;
    private readonly SpecialTokens _special;
    private readonly ConcurrentBag<BytePairEncoder> _encoders = [];

    /// <summary>A tokenizer with this vocabulary.</summary>
    /// <param name="tokens">The bytes of every token; their places are their ids.</param>
    /// <param name="merges">The merges by the ids of their two tokens, in the order in which they were learned.</param>
    /// <param name="specialIds">The tokens that are found in a text as a whole and never merged.</param>
    /// <exception cref="ArgumentException">
    /// A token is empty or there twice, or a merge names, or results in, a token that the vocabulary does not have, or is there twice.
    /// </exception>
    public BytePairTokenizer(IReadOnlyList<byte[]> tokens, IReadOnlyList<(int Left, int Right)> merges, IEnumerable<int> specialIds)
        : base(new TokenTable(tokens))
    {
        Require.That(tokens.Count <= MergeTable.MostTokens, $"{tokens.Count} tokens are too many, at most {MergeTable.MostTokens} expected");
        int[] special = [.. specialIds.Distinct()];
        foreach (int id in special)
            Require.That((uint)id < (uint)tokens.Count, $"the special token {id} is not in a vocabulary of {tokens.Count}");
        _special = new SpecialTokens([.. special.Select(id => (id, tokens[id]))]);
        Dictionary<byte[], int>.AlternateLookup<ReadOnlySpan<byte>> ids = IndexOrdinary();
        _byteIds = new int[256];
        for (int value = 0; value < 256; value++)
            _byteIds[value] = ids.TryGetValue([(byte)value], out int id) ? id : -1;
        _merges = Resolve(merges, ids);
        _mergeTable = new MergeTable(_merges);
    }

    /// <inheritdoc/>
    public override string Kind => "bpe";

    /// <inheritdoc/>
    public override int? EndOfTextId => _special.IdOf(Encoding.UTF8.GetBytes(EndOfText));

    /// <summary>The merges, in the order in which they were learned and are applied.</summary>
    public IReadOnlyList<BytePairMerge> Merges => _merges;

    /// <summary>The ids of the special tokens, ascending.</summary>
    public IReadOnlyList<int> SpecialIds => _special.Ids;

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
        IReadOnlyList<string> tokens, IReadOnlyList<(string Left, string Right)> merges, IReadOnlySet<int> specialIds)
    {
        byte[][] bytes = new byte[tokens.Count][];
        Dictionary<string, int> ids = new(tokens.Count);
        for (int id = 0; id < bytes.Length; id++)
        {
            if (specialIds.Contains(id))
                bytes[id] = Encoding.UTF8.GetBytes(tokens[id]);
            else
                Require.That(ByteAlphabet.TryToBytes(tokens[id], out bytes[id]), $"token {id}, \"{tokens[id]}\", has a character that stands for no byte");
            Require.That(ids.TryAdd(tokens[id], id), $"token {id}, \"{tokens[id]}\", is token {ids.GetValueOrDefault(tokens[id])} already");
        }
        return new BytePairTokenizer(bytes, [.. merges.Select((merge, rank) => (Known(merge.Left, rank), Known(merge.Right, rank)))], specialIds);

        int Known(string token, int rank) => ids.TryGetValue(token, out int id) && !specialIds.Contains(id)
            ? id
            : throw new ArgumentException($"merge {rank} names \"{token}\", which is not in the vocabulary");
    }

    /// <summary>Whether a token is found in a text as a whole and never merged.</summary>
    public bool IsSpecial(int id) => _special.Contains(id);

    /// <summary>A token as files have it: in <see cref="ByteAlphabet"/>, or as it is where it is special.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is not in the vocabulary.</exception>
    public string AlphabetText(int id) => IsSpecial(id) ? Encoding.UTF8.GetString(Tokens[id]) : ByteAlphabet.ToText(Tokens[id]);

    /// <inheritdoc/>
    public override int EncodeUtf8(ReadOnlySpan<byte> text, IBufferWriter<int> ids, bool isFinalBlock)
    {
        int at = 0;
        foreach ((int start, int id) in _special.Find(text))
        {
            EncodeOrdinary(text, at, start, ids);
            ids.GetSpan(1)[0] = id;
            ids.Advance(1);
            at = start + Tokens[id].Length;
        }
        int end = isFinalBlock ? text.Length : at + Gpt2PreTokenizer.LengthOfWholePieces(text[at..], _special.LongestLength);
        EncodeOrdinary(text, at, end, ids);
        return end;
    }

    /// <summary>Writes the ids of a part of a text that has no special tokens in it, on all threads where it is long.</summary>
    private void EncodeOrdinary(ReadOnlySpan<byte> text, int start, int end, IBufferWriter<int> ids)
    {
        ReadOnlySpan<byte> part = text[start..end];
        try
        {
            if (part.Length > 2 * SegmentBytes && Workers.Count > 1)
                EncodeSegments(part, ids);
            else if (!part.IsEmpty)
                ids.Advance(EncodeAlone(part, ids.GetSpan(part.Length)));
        }
        catch (TextEncodingException error)
        {
            throw error.Within(file: null, TextPlace.Start.After(text[..start]));
        }
    }

    private void EncodeSegments(ReadOnlySpan<byte> part, IBufferWriter<int> ids)
    {
        List<Range> segments = Gpt2PreTokenizer.Segments(part, SegmentBytes);
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
        hash.AppendData(MemoryMarshal.AsBytes<int>([.. _special.Ids]));
    }

    /// <summary>The ordinary tokens by their bytes, none of them twice.</summary>
    private Dictionary<byte[], int>.AlternateLookup<ReadOnlySpan<byte>> IndexOrdinary()
    {
        Dictionary<byte[], int> ids = new(Tokens.Count, BytesComparer.Instance);
        for (int id = 0; id < Tokens.Count; id++)
        {
            if (!IsSpecial(id))
                Require.That(ids.TryAdd(Tokens[id].ToArray(), id), $"token {id}, \"{TokenText(id)}\", is in the vocabulary twice");
        }
        return ids.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    private BytePairMerge[] Resolve(
        IReadOnlyList<(int Left, int Right)> merges, Dictionary<byte[], int>.AlternateLookup<ReadOnlySpan<byte>> ids)
    {
        Require.That(merges.Count <= MergeTable.MostTokens, $"{merges.Count} merges are too many, at most {MergeTable.MostTokens} expected");
        BytePairMerge[] resolved = new BytePairMerge[merges.Count];
        for (int rank = 0; rank < resolved.Length; rank++)
        {
            (int left, int right) = merges[rank];
            foreach (int id in (ReadOnlySpan<int>)[left, right])
                Require.That((uint)id < (uint)Tokens.Count && !IsSpecial(id), $"merge {rank} names the token {id}, which is not in the vocabulary");
            byte[] joined = [.. Tokens[left], .. Tokens[right]];
            Require.That(ids.TryGetValue(joined, out int result),
                $"merge {rank} gives \"{ByteAlphabet.ToText(joined)}\", which is not in the vocabulary");
            resolved[rank] = new BytePairMerge(left, right, result);
        }
        return resolved;
    }
}
