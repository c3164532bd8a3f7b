using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using MiniGpt.Model.Files;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Data;

/// <summary>Takes the next ids.</summary>
public delegate void TokenSink(ReadOnlySpan<int> ids);

/// <summary>The tokens of text that stays in its files: block after block, &lt;|endoftext|&gt; between documents where the vocabulary has it.</summary>
public static class TextTokens
{
    /// <summary>Tokenises a text into memory.</summary>
    /// <param name="text">Parts of documents, one a document.</param>
    /// <param name="tokenizer">What makes the ids.</param>
    /// <param name="progress">Is told how many bytes are tokenised.</param>
    /// <param name="cancellationToken">Stops between two blocks.</param>
    /// <exception cref="TextEncodingException">The text holds what the vocabulary cannot say; one line says what, in which file and where.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static TokenSource InMemory(
        IReadOnlyList<TextRange> text, ITokenizer tokenizer, IProgress<DataProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        List<int> all = [];
        Encode(text, tokenizer, ids => all.AddRange(ids), progress, cancellationToken);
        return TokenSource.FromIds(CollectionsMarshal.AsSpan(all), tokenizer.VocabularySize);
    }

    /// <summary>Tokenises a text into a token file, which appears whole or not at all.</summary>
    /// <param name="path">The file. Its folder must be there.</param>
    /// <param name="text">Parts of documents, one a document.</param>
    /// <param name="tokenizer">What makes the ids.</param>
    /// <param name="progress">Is told how many bytes are tokenised.</param>
    /// <param name="cancellationToken">Stops between two blocks.</param>
    /// <exception cref="TextEncodingException">The text holds what the vocabulary cannot say; one line says what, in which file and where.</exception>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    public static void Write(
        string path, IReadOnlyList<TextRange> text, ITokenizer tokenizer, IProgress<DataProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        int tokenBytes = TokenFileHeader.TokenBytesFor(tokenizer.VocabularySize);
        // Two runs may make the same file at once.
        using AtomicFile file = AtomicFile.Create(path, NameWhileWritten(path, Environment.ProcessId));
        TokenFileHeader header = new(tokenBytes, tokenizer.VocabularySize, 0);
        header.Write(file.Stream);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long count = 0;
        ushort[] narrow = [];
        Encode(text, tokenizer, ids =>
        {
            count += ids.Length;
            if (tokenBytes == sizeof(int))
            {
                Append(MemoryMarshal.AsBytes(ids));
                return;
            }
            if (narrow.Length < ids.Length)
                narrow = new ushort[ids.Length];
            for (int i = 0; i < ids.Length; i++)
                narrow[i] = (ushort)ids[i];
            Append(MemoryMarshal.AsBytes(narrow.AsSpan(0, ids.Length)));
        }, progress, cancellationToken);
        file.Stream.Position = 0;
        (header with { Count = count, Checksum = hash.GetHashAndReset() }).Write(file.Stream);
        file.Commit();

        void Append(ReadOnlySpan<byte> bytes)
        {
            hash.AppendData(bytes);
            file.Stream.Write(bytes);
        }
    }

    /// <summary>Deletes what processes that are gone have left half-written of the token files in a folder.</summary>
    internal static void DeleteLeftovers(string folder)
    {
        foreach (string left in Directory.EnumerateFiles(folder, NameWhileWritten($"*{TokenFile.Extension}", "*")))
        {
            string writer = Path.GetExtension(Path.GetFileNameWithoutExtension(left)).TrimStart('.');
            if (!int.TryParse(writer, NumberStyles.None, CultureInfo.InvariantCulture, out int process) || Lives(process))
                continue;
            try
            {
                // Whoever writes it on another machine, or in another container, keeps it locked.
                new FileStream(left, FileMode.Open, FileAccess.ReadWrite, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose).Dispose();
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // It stays: nothing needs its place.
            }
        }
    }

    private static string NameWhileWritten(string path, object process) => AtomicFile.PartialPath(FormattableString.Invariant($"{path}.{process}"));

    private static bool Lives(int process)
    {
        try
        {
            using Process found = Process.GetProcessById(process);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    /// <summary>Tokenises a stream, byte for byte, as far as it goes.</summary>
    /// <param name="text">The text, in UTF-8.</param>
    /// <param name="tokenizer">What makes the ids.</param>
    /// <param name="sink">Takes the ids.</param>
    /// <param name="cancellationToken">Stops between two blocks.</param>
    /// <exception cref="TextEncodingException">The text holds what the vocabulary cannot say; one line says what and where.</exception>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    public static void Encode(Stream text, ITokenizer tokenizer, TokenSink sink, CancellationToken cancellationToken = default)
    {
        ArrayBufferWriter<int> ids = new();
        TextPlace place = TextPlace.Start;
        bool isFirst = true;
        TextBlocks.Read(text, long.MaxValue, (block, isFinal) =>
        {
            int read;
            try
            {
                ids.ResetWrittenCount();
                read = tokenizer.EncodeUtf8(block, ids, isFinal, isFirst);
            }
            catch (TextEncodingException error)
            {
                throw error.Within(file: null, place);
            }
            if (read == 0 && !isFinal)
                return 0; // a longer block, from the beginning
            isFirst = false;
            place = place.After(block[..read]);
            sink(ids.WrittenSpan);
            return read;
        }, cancellationToken);
    }

    private static void Encode(
        IReadOnlyList<TextRange> text, ITokenizer tokenizer, TokenSink sink, IProgress<DataProgress>? progress, CancellationToken cancellationToken)
    {
        long total = text.Sum(range => range.End - range.Start), done = 0;
        ArrayBufferWriter<int> ids = new();
        for (int i = 0; i < text.Count; i++)
        {
            TextRange range = text[i];
            if (i > 0 && tokenizer.EndOfTextId is int endOfText)
                sink([endOfText]);
            long at = range.Start;
            TextBlocks.Read(range.Path, range.Start, range.End, (block, isFinal) =>
            {
                ids.ResetWrittenCount();
                int read;
                try
                {
                    read = tokenizer.EncodeUtf8(block, ids, isFinal, isFirstBlock: at == range.Start);
                }
                catch (TextEncodingException error)
                {
                    throw error.Within(range.Name, PlaceOf(range.Path, at));
                }
                sink(ids.WrittenSpan);
                at += read;
                done += read;
                progress?.Report(new DataProgress("tokenising", done, total));
                return read;
            }, cancellationToken);
        }
    }

    /// <summary>The line and character at a byte of a file.</summary>
    private static TextPlace PlaceOf(string path, long end)
    {
        TextPlace place = TextPlace.Start;
        TextBlocks.Read(path, 0, end, (block, isFinal) =>
        {
            int whole = isFinal ? block.Length : block.LastIndexOf((byte)'\n') + 1;
            place = place.After(block[..whole]);
            return whole;
        });
        return place;
    }
}
