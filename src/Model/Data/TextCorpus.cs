using System.Security.Cryptography;
using System.Text;
using MiniGpt.Model.Files;

namespace MiniGpt.Model.Data;

/// <summary>A part of a text file.</summary>
/// <param name="Name">What the user calls the file.</param>
/// <param name="Path">Where it is.</param>
/// <param name="DocumentHash">The SHA-256 of the whole document, in hexadecimal: ranges of two documents are never taken for each other.</param>
/// <param name="Start">The first byte.</param>
/// <param name="End">The byte behind the last one.</param>
public sealed record TextRange(string Name, string Path, string DocumentHash, long Start, long End);

/// <summary>
/// Documents of text, one a file, that were looked through once: they stay in their files and are read in blocks, so that they may be
/// larger than memory. A byte-order mark at the beginning of a file is no part of it. What has no length (a pipe, standard input) or is not written
/// in UTF-8 is kept in temporary files, in UTF-8.
/// </summary>
public sealed class TextCorpus : IDisposable
{
    private readonly List<string> _temporary = [];
    private readonly List<TextRange> _documents = [];
    private readonly List<TextLandmark> _landmarks = [];
    private readonly List<string> _notes = [];

    private TextCorpus()
    {
    }

    /// <summary>All of the documents, whole.</summary>
    public IReadOnlyList<TextRange> Documents => _documents;

    /// <summary>The bytes of all documents.</summary>
    public long Bytes { get; private set; }

    /// <summary>The characters of all documents: Unicode scalar values. A byte sequence that is no UTF-8 is one.</summary>
    public long Characters { get; private set; }

    /// <summary>How many byte sequences are not valid UTF-8.</summary>
    public long InvalidSequences { get; private set; }

    /// <summary>What was passed over or read otherwise than it stands, a line each.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>The SHA-256 of the document, or of the hashes of several, in hexadecimal.</summary>
    public string Hash { get; private set; } = "";

    /// <summary>Looks through all of the text of some sources.</summary>
    /// <param name="sources">Paths of files and folders, and "-": <see cref="TextSource.Find"/>.</param>
    /// <param name="standardInput">What "-" reads. It is kept in a temporary file.</param>
    /// <param name="progress">Is told how many bytes were looked through.</param>
    /// <param name="cancellationToken">Stops between two blocks.</param>
    /// <exception cref="ArgumentException">A file is named twice, or token files are among them.</exception>
    /// <exception cref="FileFormatException">A file is empty or holds no text, or a folder has none.</exception>
    /// <exception cref="IOException">A file is missing or cannot be read.</exception>
    public static TextCorpus Open(
        IEnumerable<string> sources, Stream? standardInput = null, IProgress<DataProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        TextCorpus corpus = new();
        try
        {
            (string Name, string Path, long Start, long End)[] files =
                [.. TextSource.Find(sources, corpus._notes).Select(file => corpus.Locate(file, standardInput, cancellationToken))];
            long total = files.Sum(file => file.End - file.Start);
            List<byte[]> hashes = [];
            foreach ((string name, string path, long start, long end) in files)
                hashes.Add(corpus.Scan(name, path, start, end, total, progress, cancellationToken));
            corpus.Hash = CombineHashes(hashes);
            return corpus;
        }
        catch
        {
            corpus.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Divides the text into a first part to train on, the first (1 - fraction) of its characters, rounded down, and the rest to validate
    /// with.
    /// </summary>
    /// <param name="validationFraction">The share to validate with.</param>
    /// <param name="betweenWords">
    /// Whether the place is moved on to where the next white space begins, or back where there is none: a word that is cut in two is two others.
    /// </param>
    /// <exception cref="ArgumentException">The fraction is not in [0, 1).</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public (IReadOnlyList<TextRange> Train, IReadOnlyList<TextRange> Validation) Split(double validationFraction, bool betweenWords = false)
    {
        long characters = Data.Split.TrainLength(Characters, validationFraction);
        if (characters == Characters)
            return (_documents, []);
        TextLandmark landmark = _landmarks.FindLast(place => place.CharactersBefore <= characters)!;
        TextRange divided = _documents[landmark.Document];
        long missing = characters - landmark.CharactersBefore, at = landmark.Offset;
        TextBlocks.Read(divided.Path, landmark.Offset, divided.End, (block, isFinal) =>
        {
            int length = Utf8Characters.Skip(block, isFinal, ref missing);
            at += length;
            return missing == 0 ? block.Length : length;
        });
        if (betweenWords)
            at = WordBorder.Nearest(divided, at);
        TextRange[] train = [.. _documents.Take(landmark.Document), divided with { End = at }];
        TextRange[] validation = [divided with { Start = at }, .. _documents.Skip(landmark.Document + 1)];
        return ([.. train.Where(range => range.End > range.Start)], [.. validation.Where(range => range.End > range.Start)]);
    }

    /// <summary>Deletes what was kept of standard input.</summary>
    public void Dispose()
    {
        _temporary.ForEach(File.Delete);
        _temporary.Clear();
    }

    /// <summary>The hash of one content is that of its bytes; of several, that of their hashes.</summary>
    internal static string CombineHashes(IReadOnlyList<byte[]> hashes) =>
        Convert.ToHexStringLower(hashes.Count == 1 ? hashes[0] : SHA256.HashData([.. hashes.SelectMany(hash => hash)]));

    /// <summary>Where the bytes of a text lie: in their own file, or in a temporary one.</summary>
    private (string Name, string Path, long Start, long End) Locate(string name, Stream? standardInput, CancellationToken cancellationToken)
    {
        if (name == TextSource.StandardInput)
        {
            Require.That(standardInput is not null, $"there is no standard input to read");
            return Keep(name, standardInput!, cancellationToken);
        }
        if (SystemCalls.KindOf(name) == FileKind.Special)
        {
            using Stream bytes = TextInput.OpenBytes(name, cancellationToken);
            return Keep(name, bytes, cancellationToken);
        }
        using FileStream file = RegularFile.Open(name);
        if (file.Length == 0)
            return Keep(name, file, cancellationToken); // as the system's own files say that are made when they are read
        byte[] beginning = TextInput.Beginning(name);
        (Encoding? wide, int mark) = TextInput.FormOf(beginning);
        if (wide is not null)
            return Keep(name, file, cancellationToken);
        CheckText(name, beginning);
        return (name, name, mark, file.Length);
    }

    private (string Name, string Path, long Start, long End) Keep(string name, Stream bytes, CancellationToken cancellationToken)
    {
        string path = Path.GetTempFileName();
        _temporary.Add(path);
        using Stream text = TextInput.Decoded(name, bytes, out bool isWide);
        using FileStream kept = File.Create(path);
        TextBlocks.Read(text, long.MaxValue, (block, _) =>
        {
            if (kept.Length == 0)
                CheckText(name, block); // before an endless device has filled the disk
            kept.Write(block);
            return block.Length;
        }, cancellationToken);
        if (isWide)
            _notes.Add($"{name} is UTF-16 or UTF-32, as its mark says, and is read as such");
        return (name, path, 0, kept.Length);
    }

    private static void CheckText(string name, ReadOnlySpan<byte> beginning)
    {
        RegularFile.RefusePointer(name, beginning);
        if (TextInput.WhyNoText(beginning) is string found)
            throw new FileFormatException(name, $"{found}, text in UTF-8 expected");
    }

    private byte[] Scan(
        string name, string path, long start, long end, long total, IProgress<DataProgress>? progress, CancellationToken cancellationToken)
    {
        if (start == end)
            throw new FileFormatException(name, "the file is empty, text expected");
        long at = start;
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        TextBlocks.Read(path, start, end, (block, isFinal) =>
        {
            _landmarks.Add(new TextLandmark(_documents.Count, at, Characters));
            int done = Utf8Characters.Count(block, isFinal, out long characters, out long invalid);
            hash.AppendData(block[..done]);
            (Characters, InvalidSequences, Bytes, at) = (Characters + characters, InvalidSequences + invalid, Bytes + done, at + done);
            progress?.Report(new DataProgress("reading", Bytes, total));
            return done;
        }, cancellationToken);
        byte[] documentHash = hash.GetHashAndReset();
        _documents.Add(new TextRange(name, path, Convert.ToHexStringLower(documentHash), start, end));
        return documentHash;
    }

    /// <summary>A place in a document of which it is known how many characters stand before it, those of other documents too.</summary>
    private sealed record TextLandmark(int Document, long Offset, long CharactersBefore);
}

/// <summary>How far work that takes long has come: data being read, a model being read or evaluated.</summary>
/// <param name="Stage">What is being done: "reading", "tokenising", "evaluating".</param>
/// <param name="Done">How much of it is done, in whatever it is counted in.</param>
/// <param name="Total">How much there is to do.</param>
public readonly record struct DataProgress(string Stage, long Done, long Total);
