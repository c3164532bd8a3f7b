using System.Text;
using MiniGpt.Model.Files;

namespace MiniGpt.Model.Tokenizers;

/// <summary>
/// A model file of the SentencePiece library (.spm, .model): pieces with their scores, and what is done to a text first, as a message of Protocol
/// Buffers. Unigram models are understood.
/// </summary>
internal sealed class SentencePieceFile
{
    private const int MostBytes = 1 << 28;
    private const int Unigram = 1;

    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly List<string> _pieces = [];
    private readonly List<double> _scores = [];
    private readonly List<PieceKind> _kinds = [];
    private readonly string _path;

    private SentencePieceFile(string path, byte[] content) => (_path, Content) = (path, content);

    /// <summary>The file as it is.</summary>
    public byte[] Content { get; }

    /// <summary>What is done to a text first.</summary>
    public SentencePieceText Text { get; private set; } = new();

    /// <summary>The pieces as the file has them, a space as U+2581.</summary>
    public IReadOnlyList<string> Pieces => _pieces;

    /// <summary>What they are.</summary>
    public IReadOnlyList<PieceKind> Kinds => _kinds;

    /// <summary>Reads a file.</summary>
    /// <exception cref="FileFormatException">It is no such file, is damaged, or asks for what is not supported: one line says what.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static SentencePieceFile Read(string path)
    {
        SentencePieceFile file = new(path, RegularFile.ReadAll(path, MostBytes, "a SentencePiece model"));
        ProtobufReader fields = new(file.Content, path);
        while (fields.Read())
        {
            switch (fields.Field)
            {
                case 1:
                    file.ReadPiece(fields.Bytes);
                    break;
                case 2:
                    file.ReadTraining(fields.Bytes);
                    break;
                case 3:
                    file.Text = file.ReadText(fields.Bytes);
                    break;
                case 5 when file.ReadText(fields.Bytes).Map is not null:
                    throw file.NotSupported("a denormalizer with rules", "none");
                default:
                    break; // what other programs keep there does not change how a text is cut
            }
        }
        if (!file._kinds.Contains(PieceKind.Unknown))
            throw new FileFormatException(path, $"no piece for what is unknown found among {file._pieces.Count}, one expected");
        return file;
    }

    /// <summary>The tokenizer of these pieces, their places their ids: for a text that <see cref="Text"/> has been applied to.</summary>
    public UnigramTokenizer ToTokenizer() => JsonFile.Refusing(_path, () => new UnigramTokenizer(
        [.. _pieces.Select((piece, id) => Bytes(piece, _kinds[id]))], _kinds, [.. _scores.Select((score, id) => _kinds[id] == PieceKind.Normal ? score : 0)],
        Enumerable.Range(0, _kinds.Count).Where(id => _kinds[id] == PieceKind.UserDefined), new SpaceRule(), ends: null));

    /// <summary>The bytes that a piece stands for.</summary>
    public static byte[] Bytes(string piece, PieceKind kind) =>
        kind == PieceKind.Byte && PieceTokenizer.ByteOf(piece) is byte value ? [value] : PieceTokenizer.BytesOf(piece, kind is PieceKind.Normal or PieceKind.Unused);

    private void ReadPiece(ReadOnlySpan<byte> message)
    {
        (string piece, double score, long kind) = ("", 0, (long)PieceKind.Normal);
        ProtobufReader fields = new(message, _path);
        while (fields.Read())
        {
            switch (fields.Field)
            {
                case 1:
                    piece = ReadText(fields.Bytes, $"piece {_pieces.Count}");
                    break;
                case 2:
                    score = fields.Single;
                    break;
                case 3:
                    kind = fields.Number;
                    break;
                default:
                    break;
            }
        }
        if (kind is < (long)PieceKind.Normal or > (long)PieceKind.Byte)
            throw new FileFormatException(_path, $"piece {_pieces.Count}, \"{piece}\", is of the kind {kind}, 1 to 6 expected");
        _pieces.Add(piece);
        _scores.Add(score);
        _kinds.Add((PieceKind)kind);
    }

    /// <summary>Reads of how the pieces were learned what decides about how a text is cut.</summary>
    private void ReadTraining(ReadOnlySpan<byte> message)
    {
        ProtobufReader fields = new(message, _path);
        while (fields.Read())
        {
            if (fields.Field == 3 && fields.Number is not Unigram)
                throw NotSupported($"a model of the type {fields.Number}", "a unigram model (1)");
            if (fields.Field == 24 && fields.Flag)
                throw NotSupported("spaces behind words", "spaces before words");
        }
    }

    private SentencePieceText ReadText(ReadOnlySpan<byte> message)
    {
        SentencePieceText text = new();
        ProtobufReader fields = new(message, _path);
        while (fields.Read())
        {
            text = fields.Field switch
            {
                2 when fields.Bytes.Length > 0 => text with { Map = CharacterMap.Read(fields.Bytes, _path) },
                3 => text with { AddsSpace = fields.Flag },
                4 => text with { DropsSpaces = fields.Flag },
                _ => text,
            };
        }
        return text;
    }

    private string ReadText(ReadOnlySpan<byte> bytes, string what)
    {
        try
        {
            return s_strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw new FileFormatException(_path, $"{what} is no UTF-8");
        }
    }

    private FileFormatException NotSupported(string found, string supported) => new(_path, $"{found} found, {supported} expected");
}
