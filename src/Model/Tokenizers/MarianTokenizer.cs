using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace MiniGpt.Model.Tokenizers;

/// <summary>
/// The tokenizer of one of the two languages of a Marian translator as its folders have it (Junczys-Dowmunt et al. 2018): a unigram model of
/// SentencePiece cuts a text into pieces, and a vocabulary, which may be that of both languages, says their ids. A piece that the vocabulary does
/// not have is the unknown token.
/// </summary>
public sealed class MarianTokenizer : SubwordTokenizer
{
    /// <summary>The token behind a text.</summary>
    public const string End = "</s>";

    /// <summary>The token for what has none.</summary>
    public const string Unknown = "<unk>";

    private readonly SentencePieceFile _file;
    private readonly UnigramTokenizer _pieces;
    private readonly string[] _vocabulary;
    private readonly int[] _idOfPiece;

    /// <summary>A tokenizer of a model file and a vocabulary.</summary>
    /// <param name="file">The model file of the language.</param>
    /// <param name="vocabulary">The tokens as files have them; their places are their ids.</param>
    /// <exception cref="ArgumentException">The vocabulary has no unknown token, or an empty one, or a special one twice.</exception>
    /// <exception cref="Files.FileFormatException">The model file has a piece that cannot be one.</exception>
    internal MarianTokenizer(SentencePieceFile file, IReadOnlyList<string> vocabulary)
        : base(new TokenTable(BytesOf(file, vocabulary)), SpecialOf(vocabulary), ends: null)
    {
        (_file, _pieces, _vocabulary) = (file, file.ToTokenizer(), [.. vocabulary]);
        int unknown = Array.IndexOf(_vocabulary, Unknown);
        Require.That(unknown >= 0, $"a vocabulary of {_vocabulary.Length} tokens without {Unknown} found, one with it expected");
        Dictionary<string, int> ids = [];
        for (int id = 0; id < _vocabulary.Length; id++)
            ids.TryAdd(_vocabulary[id], id);
        _idOfPiece = [.. file.Pieces.Select((piece, i) => file.Kinds[i] == PieceKind.Unknown ? unknown : ids.GetValueOrDefault(piece, unknown))];
    }

    /// <inheritdoc/>
    public override string Kind => "unigram";

    /// <inheritdoc/>
    public override int? EndOfTextId => SpecialIdOf(End);

    /// <inheritdoc/>
    public override bool DropsFirstSpace => _file.Text.AddsSpace;

    /// <summary>The bytes of the model file.</summary>
    internal byte[] ModelFile => _file.Content;

    private protected override bool DependsOnBegin => true;

    /// <summary>The content of vocab.json.</summary>
    internal JsonObject VocabularyToJson()
    {
        JsonObject json = [];
        for (int id = 0; id < _vocabulary.Length; id++)
            json[_vocabulary[id]] = id;
        return json;
    }

    /// <summary>Whether another one has the same tokens, under the same ids.</summary>
    internal bool HasVocabularyOf(MarianTokenizer other) => _vocabulary.AsSpan().SequenceEqual(other._vocabulary);

    /// <summary>Spaces at the ends of a text are dropped, wherever its blocks end: the whole of it has to be seen.</summary>
    private protected override int LengthOfWholePieces(ReadOnlySpan<byte> text, int reserve) => 0;

    private protected override void EncodeOrdinary(ReadOnlySpan<byte> part, TextBegin begin, IBufferWriter<int> ids)
    {
        byte[] text = _file.Text.Normalize(part);
        if (text.Length == 0)
            return;
        ArrayBufferWriter<int> pieces = new(text.Length);
        _pieces.EncodeUtf8(text, pieces, isFinalBlock: true, isFirstBlock: true);
        foreach (int piece in pieces.WrittenSpan)
        {
            ids.GetSpan(1)[0] = _idOfPiece[piece];
            ids.Advance(1);
        }
    }

    private protected override void AddTo(IncrementalHash hash)
    {
        hash.AppendData(_file.Content);
        hash.AppendData(Encoding.UTF8.GetBytes(string.Join('\n', _vocabulary)));
    }

    private static byte[][] BytesOf(SentencePieceFile file, IReadOnlyList<string> vocabulary)
    {
        HashSet<string> bytes = [.. file.Pieces.Where((_, i) => file.Kinds[i] == PieceKind.Byte)];
        return [.. vocabulary.Select(token => SentencePieceFile.Bytes(
            token, bytes.Contains(token) ? PieceKind.Byte : IsSpecialText(token) ? PieceKind.Control : PieceKind.Normal))];
    }

    private static IEnumerable<int> SpecialOf(IReadOnlyList<string> vocabulary) =>
        Enumerable.Range(0, vocabulary.Count).Where(id => IsSpecialText(vocabulary[id]));

    private static bool IsSpecialText(string token) => token is End or Unknown or TranslationMarks.Padding || TranslationMarks.LanguageOf(token) is not null;
}
