using System.Runtime.InteropServices;
using System.Text;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Model.Tokenizers;

/// <summary>
/// Learns a unigram vocabulary (Kudo 2018): begins with every frequent part of words, finds by expectation and maximisation how likely each is,
/// and takes away those that are missed least, until as many are left as are asked for.
/// </summary>
/// <remarks>
/// The ids are those of the special tokens, of &lt;unk&gt;, of the 256 bytes, and of the pieces, the likeliest first. Every space and every line
/// end begins a word, so that any text comes back as it was, but for U+2581, which is a space. The result does not depend on the number of threads: words are cut into parts of
/// one size, whose counts are added in order.
/// </remarks>
public sealed class UnigramTrainer
{
    private const string UnknownToken = "<unk>";
    private const int LongestPiece = 16; // characters
    private const int MostSeeds = 1_000_000;
    private const int WordsAPart = 4096;
    private const double KeptAtOnce = 0.75;
    private const double MoreThanWanted = 1.1; // so many are left by the rounds; the likeliest of them stay
    private const int MostCounted = 8 * MostSeeds; // parts of words; where there are more, the rarest are forgotten
    private const int StepsBetween = 2;
    private const double UnknownScore = -100; // of a character that no piece says: far below any other way
    private const double LeastCount = 0.5; // a piece that is expected less often is dropped
    private const double CharacterCoverage = 0.9995; // of the characters of the text; the others are said in bytes

    private readonly string[] _special;
    private readonly SpecialTokens _specialTokens;
    private readonly WordCounts _counts = new(NextWord);

    /// <summary>A trainer that has seen nothing yet.</summary>
    /// <param name="specialTokens">Tokens that are found in a text as a whole; no piece goes across one. They get the first ids.</param>
    /// <exception cref="ArgumentException">A special token is empty, there twice, or one that the vocabulary has anyway.</exception>
    public UnigramTrainer(params IEnumerable<string> specialTokens)
    {
        _special = [.. specialTokens];
        foreach (string token in _special)
            Require.That(token != UnknownToken && PieceTokenizer.ByteOf(token) is null, $"the special token \"{token}\" is in every vocabulary of this kind");
        _specialTokens = new SpecialTokens([.. _special.Select((token, id) => (id, Encoding.UTF8.GetBytes(token)))]);
    }

    private int FirstPiece => _special.Length + 1 + 256;

    /// <summary>Counts the words of the next block of a text in UTF-8.</summary>
    /// <param name="text">The block: what the last call did not read, and then more.</param>
    /// <param name="isFinalBlock">Whether the text ends with it.</param>
    /// <returns>How many bytes were read.</returns>
    public int Add(ReadOnlySpan<byte> text, bool isFinalBlock)
    {
        int at = 0;
        foreach ((int start, int id) in _specialTokens.Find(text))
        {
            _counts.Add(PieceTokenizer.WithSpaces(text[at..start]));
            at = start + Encoding.UTF8.GetByteCount(_special[id]);
        }
        int end = isFinalBlock
            ? text.Length
            : at + TextCuts.FindLast(text[at..], text.Length - at - Math.Max(1, _specialTokens.LongestLength), atLineEnds: true);
        _counts.Add(PieceTokenizer.WithSpaces(text[at..end]));
        return end;
    }

    /// <summary>Throws where no vocabulary of this size can be learned.</summary>
    /// <exception cref="ArgumentException">There is no room for a piece beside the special tokens, the unknown one and the bytes.</exception>
    public void CheckVocabularySize(int vocabularySize)
    {
        Require.That(vocabularySize > FirstPiece,
            $"a vocabulary of {vocabularySize} is too small: {_special.Length} special tokens, the unknown one, 256 bytes and a piece need {FirstPiece + 1}");
        Require.That(vocabularySize <= MergeTable.MostTokens, $"a vocabulary of {vocabularySize} is too large, at most {MergeTable.MostTokens} expected");
    }

    /// <summary>Learns the pieces.</summary>
    /// <param name="vocabularySize">V: how many tokens there are to be. There are fewer where the text has not so many parts of use.</param>
    /// <param name="progress">Is told how far it is, of <paramref name="vocabularySize"/>.</param>
    /// <param name="cancellationToken">Ends the training without a result.</param>
    /// <exception cref="ArgumentException">The vocabulary is too small or too large.</exception>
    public UnigramTokenizer Train(int vocabularySize, IProgress<int>? progress = null, CancellationToken cancellationToken = default)
    {
        CheckVocabularySize(vocabularySize);
        int wanted = vocabularySize - FirstPiece;
        // In an order of their own: that of a table of counts is nobody's.
        (byte[] Word, long Count)[] words = [.. _counts.All.Select(pair => (pair.Key, pair.Value)).OrderBy(pair => pair.Key, s_byBytes)];
        HashSet<byte[]> required = new(Characters(words, wanted), BytesComparer.Instance);
        List<Piece> pieces = Seeds(words, required, wanted);
        int begun = pieces.Count;
        double most = wanted * MoreThanWanted;
        while (true)
        {
            for (int step = 0; step < StepsBetween; step++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                pieces = Maximised(pieces, Expected(pieces, words), required);
            }
            // Each round leaves a share of the pieces, so that the rounds done grow as the logarithm.
            progress?.Report(pieces.Count <= most ? vocabularySize : (int)(vocabularySize * Math.Log((double)begun / pieces.Count) / Math.Log(begun / most)));
            if (pieces.Count <= most)
                break;
            List<Piece> kept = Pruned(pieces, words, required, wanted);
            if (kept.Count == pieces.Count)
                break;
            pieces = kept;
        }
        return Finish(pieces, required, wanted);
    }

    private static readonly Comparer<byte[]> s_byBytes = Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b));

    /// <summary>Words begin at spaces and are line ends.</summary>
    private static int NextWord(ReadOnlySpan<byte> text)
    {
        if (text[0] == '\n')
            return 1;
        int next = text[1..].IndexOfAny(" \n"u8);
        return next < 0 ? text.Length : 1 + next;
    }

    /// <summary>The characters that pieces are made of: the most frequent ones, which together are nearly all of the text.</summary>
    private static IEnumerable<byte[]> Characters((byte[] Word, long Count)[] words, int wanted)
    {
        Dictionary<byte[], long> counts = new(BytesComparer.Instance);
        foreach ((byte[] word, long count) in words)
        {
            foreach (Range character in CharactersOf(word))
            {
                if (System.Text.Unicode.Utf8.IsValid(word.AsSpan(character)))
                    CollectionsMarshal.GetValueRefOrAddDefault(counts, word[character], out _) += count;
            }
        }
        double left = counts.Values.Sum() * CharacterCoverage;
        foreach ((byte[] character, long count) in counts.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, s_byBytes).Take(wanted))
        {
            if (left <= 0)
                yield break;
            left -= count;
            yield return character;
        }
    }

    /// <summary>Every part of a word that is there more than once and is made of such characters, the most frequent and longest first.</summary>
    private static List<Piece> Seeds((byte[] Word, long Count)[] words, HashSet<byte[]> required, int wanted)
    {
        Dictionary<byte[], long> counts = new(BytesComparer.Instance);
        Dictionary<byte[], long>.AlternateLookup<ReadOnlySpan<byte>> lookup = counts.GetAlternateLookup<ReadOnlySpan<byte>>();
        HashSet<byte[]>.AlternateLookup<ReadOnlySpan<byte>> known = required.GetAlternateLookup<ReadOnlySpan<byte>>();
        foreach ((byte[] word, long count) in words)
        {
            if (counts.Count > MostCounted)
                Forget(counts);
            Range[] characters = [.. CharactersOf(word)];
            for (int first = 0; first < characters.Length; first++)
            {
                for (int last = first; last < Math.Min(characters.Length, first + LongestPiece) && known.Contains(word.AsSpan(characters[last])); last++)
                    CollectionsMarshal.GetValueRefOrAddDefault(lookup, word.AsSpan(characters[first].Start.Value..characters[last].End.Value), out _) += count;
            }
        }
        List<Piece> seeds = [.. counts
            .Where(pair => pair.Value > 1 || required.Contains(pair.Key))
            .OrderByDescending(pair => required.Contains(pair.Key)).ThenByDescending(pair => pair.Value * pair.Key.Length).ThenBy(pair => pair.Key, s_byBytes)
            .Take(Math.Max(MostSeeds, wanted)).Select(pair => new Piece(pair.Key, pair.Value))];
        double sum = Math.Log(seeds.Sum(seed => seed.Score));
        return [.. seeds.Select(seed => seed with { Score = Math.Log(seed.Score) - sum })];
    }

    private static void Forget(Dictionary<byte[], long> counts)
    {
        for (long rare = 1; counts.Count > MostCounted / 2; rare *= 2)
        {
            foreach ((byte[] part, long count) in counts)
            {
                if (count <= rare && part.Length > 4) // characters stay
                    counts.Remove(part);
            }
        }
    }

    /// <summary>How often each piece is expected, over all ways to cut each word.</summary>
    private static double[] Expected(List<Piece> pieces, (byte[] Word, long Count)[] words)
    {
        ByteTrie trie = TrieOf(pieces);
        double[] scores = [.. pieces.Select(piece => piece.Score)];
        double[] expected = new double[pieces.Count];
        int parts = (words.Length + WordsAPart - 1) / WordsAPart;
        const int together = 16; // as many parts at once: their counts take memory
        for (int from = 0; from < parts; from += together)
        {
            double[][] counts = new double[Math.Min(together, parts - from)][];
            int first = from;
            Workers.Run(counts.Length, i =>
            {
                counts[i] = new double[scores.Length];
                UnigramLattice lattice = new(trie, scores, UnknownScore);
                foreach ((byte[] word, long count) in words.AsSpan(Math.Min(words.Length, (first + i) * WordsAPart)..Math.Min(words.Length, (first + i + 1) * WordsAPart)))
                    lattice.AddExpected(word, count, counts[i]);
            });
            foreach (double[] part in counts)
            {
                for (int i = 0; i < expected.Length; i++)
                    expected[i] += part[i];
            }
        }
        return expected;
    }

    /// <summary>The likelihoods that go with these counts; a piece that is hardly expected is dropped.</summary>
    private static List<Piece> Maximised(List<Piece> pieces, double[] expected, HashSet<byte[]> required)
    {
        List<(byte[] Bytes, double Count)> kept = [];
        for (int i = 0; i < expected.Length; i++)
        {
            if (expected[i] >= LeastCount || required.Contains(pieces[i].Bytes))
                kept.Add((pieces[i].Bytes, Math.Max(expected[i], LeastCount)));
        }
        double sum = Digamma(kept.Sum(piece => piece.Count));
        return [.. kept.Select(piece => new Piece(piece.Bytes, Digamma(piece.Count) - sum))];
    }

    /// <summary>Three quarters of the pieces, or a tenth more than are wanted: those without which the text would be the least likely.</summary>
    private static List<Piece> Pruned(List<Piece> pieces, (byte[] Word, long Count)[] words, HashSet<byte[]> required, int wanted)
    {
        ByteTrie trie = TrieOf(pieces);
        double[] scores = [.. pieces.Select(piece => piece.Score)];
        double[] used = new double[pieces.Count]; // by the best cuts
        UnigramLattice lattice = new(trie, scores, UnknownScore);
        double all = 0;
        foreach ((byte[] word, long count) in words)
        {
            foreach (PieceOfWord piece in lattice.Best(word, without: -1))
            {
                if (piece.Id < 0)
                    continue;
                used[piece.Id] += count;
                all += count;
            }
        }
        List<(double Loss, int Id)> losses = [];
        List<int> kept = [];
        for (int id = 0; id < pieces.Count; id++)
        {
            if (required.Contains(pieces[id].Bytes))
            {
                kept.Add(id);
                continue;
            }
            if (used[id] == 0)
                continue;
            int[] others = [.. lattice.Best(pieces[id].Bytes, without: id).Where(piece => piece.Id >= 0).Select(piece => piece.Id)];
            // What the text's likelihood loses where these stand for the piece: the sum of all uses grows as well.
            double changed = Math.Log(all + (used[id] * (others.Length - 1)));
            double instead = others.Sum(other => Math.Log(used[other] + used[id]) - changed);
            losses.Add((used[id] * (Math.Log(used[id]) - Math.Log(all) - instead), id));
        }
        int size = Math.Max((int)(wanted * MoreThanWanted), (int)(pieces.Count * KeptAtOnce));
        kept.AddRange(losses.OrderByDescending(loss => loss.Loss).ThenBy(loss => loss.Id).Take(Math.Max(0, size - kept.Count)).Select(loss => loss.Id));
        kept.Sort();
        return [.. kept.Select(id => pieces[id])];
    }

    private UnigramTokenizer Finish(List<Piece> pieces, HashSet<byte[]> required, int wanted)
    {
        List<Piece> chosen = [.. pieces
            .OrderByDescending(piece => required.Contains(piece.Bytes)).ThenByDescending(piece => piece.Score).ThenBy(piece => piece.Bytes, s_byBytes)
            .Take(wanted)
            .OrderByDescending(piece => piece.Score).ThenBy(piece => piece.Bytes, s_byBytes)];
        List<byte[]> bytes = [.. _special.Select(Encoding.UTF8.GetBytes), Encoding.UTF8.GetBytes(UnknownToken)];
        List<PieceKind> kinds = [.. _special.Select(_ => PieceKind.Control), PieceKind.Unknown];
        for (int value = 0; value < 256; value++)
        {
            bytes.Add([(byte)value]);
            kinds.Add(PieceKind.Byte);
        }
        double[] scores = [.. new double[bytes.Count], .. chosen.Select(piece => piece.Score)];
        bytes.AddRange(chosen.Select(piece => piece.Bytes));
        kinds.AddRange(chosen.Select(_ => PieceKind.Normal));
        return new UnigramTokenizer(bytes, kinds, scores, Enumerable.Range(0, _special.Length), new SpaceRule { CutsBeforeEach = true }, ends: null);
    }

    private static ByteTrie TrieOf(List<Piece> pieces)
    {
        ByteTrie trie = new();
        for (int id = 0; id < pieces.Count; id++)
            trie.Add(pieces[id].Bytes, id);
        return trie;
    }

    private static IEnumerable<Range> CharactersOf(byte[] word)
    {
        for (int at = 0, length; at < word.Length; at += length)
        {
            length = PieceTokenizer.CharacterLength(word.AsSpan(at));
            yield return at..(at + length);
        }
    }

    /// <summary>The derivative of the logarithm of the gamma function, which counts that are uncertain call for (Liang and Klein 2007).</summary>
    private static double Digamma(double x)
    {
        double result = 0;
        for (; x < 7; x++)
            result -= 1 / x;
        double inverse = 1 / (x * x);
        return result + Math.Log(x) - (0.5 / x) - (inverse * ((1.0 / 12) - (inverse * ((1.0 / 120) - (inverse / 252)))));
    }

    private readonly record struct Piece(byte[] Bytes, double Score);
}
