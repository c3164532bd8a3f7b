using System.Text;

namespace MiniGpt.Model.Data;

/// <summary>A text of any length that is read more than once, block after block.</summary>
public sealed class WordText
{
    private readonly Action<BlockReader, CancellationToken> _read;

    private WordText(string name, long bytes, Action<BlockReader, CancellationToken> read) => (Name, Bytes, _read) = (name, bytes, read);

    /// <summary>What it is called.</summary>
    public string Name { get; }

    /// <summary>How long it is.</summary>
    public long Bytes { get; }

    /// <summary>The documents of a corpus, one behind the other.</summary>
    public static WordText Of(TextCorpus corpus) => new(string.Join(", ", corpus.Documents.Select(document => document.Name)), corpus.Bytes,
        (read, cancellationToken) =>
        {
            foreach (TextRange document in corpus.Documents)
                TextBlocks.Read(document.Path, document.Start, document.End, read, cancellationToken);
        });

    /// <summary>A text in memory.</summary>
    public static WordText Of(string name, string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        return new(name, utf8.Length, (read, cancellationToken) =>
        {
            using MemoryStream stream = new(utf8);
            TextBlocks.Read(stream, utf8.Length, read, cancellationToken);
        });
    }

    /// <summary>Reads all of it.</summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled between two blocks.</exception>
    internal void Read(BlockReader read, CancellationToken cancellationToken) => _read(read, cancellationToken);
}
