using System.Text;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Formats;

/// <summary>A vector for each of many words.</summary>
public sealed class WordVectors
{
    private readonly byte[][] _words;
    private readonly Dictionary<byte[], int> _ids = new(BytesComparer.Instance);

    /// <summary>Words and their vectors. Of a word that is there twice, the first counts.</summary>
    /// <param name="words">V words in UTF-8, or whatever bytes a file has for them.</param>
    /// <param name="table">[V, C]; not copied.</param>
    /// <exception cref="ArgumentException">The table has another number of rows than there are words.</exception>
    public WordVectors(IReadOnlyList<byte[]> words, Tensor<float> table)
    {
        Require.That(table.Rank == 2 && table.Shape[0] == words.Count, $"{words.Count} words found, a vector for each expected, not {table.Shape}");
        (_words, Table) = ([.. words], table);
        for (int id = 0; id < _words.Length; id++)
            _ids.TryAdd(_words[id], id);
    }

    /// <summary>How many words there are: V.</summary>
    public int Count => _words.Length;

    /// <summary>Numbers in a vector: C.</summary>
    public int Width => Table.Shape[1];

    /// <summary>[V, C]: the vectors.</summary>
    public Tensor<float> Table { get; }

    /// <summary>The bytes of a word.</summary>
    public ReadOnlySpan<byte> BytesOf(int id) => _words[id];

    /// <summary>A word; what is no UTF-8 in it is U+FFFD.</summary>
    public string TextOf(int id) => Encoding.UTF8.GetString(_words[id]);

    /// <summary>The id of a word; null where there is no such word.</summary>
    public int? Find(string word) => _ids.TryGetValue(Encoding.UTF8.GetBytes(word), out int id) ? id : null;
}
