using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;

namespace MiniGpt.Model.Tokenizers;

/// <summary>What is done with a character or word that is not in the vocabulary.</summary>
[JsonConverter(typeof(NameConverter<UnknownCharacter>))]
public enum UnknownCharacter
{
    /// <summary>The text is refused.</summary>
    [JsonStringEnumMemberName("error")] Error,

    /// <summary>It is left out.</summary>
    [JsonStringEnumMemberName("skip")] Skip,
}

/// <summary>One token a character, where a character is a Unicode scalar value: never half of a surrogate pair.</summary>
public sealed class CharacterTokenizer : Tokenizer
{
    private readonly Dictionary<Rune, int> _ids = [];
    private readonly int[] _asciiIds = new int[128]; // most of most texts; -1 where there is none
    private readonly UnknownCharacter _unknown;

    /// <summary>A tokenizer with these characters, their ids in this order.</summary>
    /// <exception cref="ArgumentException">There is no character, or one is there twice.</exception>
    public CharacterTokenizer(IEnumerable<Rune> characters, UnknownCharacter unknown = UnknownCharacter.Error)
        : base(new TokenTable([.. characters.Select(character => Encoding.UTF8.GetBytes(character.ToString()))]))
    {
        _unknown = unknown;
        Array.Fill(_asciiIds, -1);
        for (int id = 0; id < VocabularySize; id++)
        {
            Rune.DecodeFromUtf8(TokenBytes(id), out Rune character, out _);
            Require.That(_ids.TryAdd(character, id), $"character {Name(character)} is in the vocabulary twice");
            if (character.IsAscii)
                _asciiIds[character.Value] = id;
        }
    }

    /// <inheritdoc/>
    public override string Kind => "char";

    /// <summary>A tokenizer with every character of a text, ids in code-point order.</summary>
    /// <exception cref="ArgumentException">The text is empty.</exception>
    /// <exception cref="TextEncodingException">The text holds half of a surrogate pair.</exception>
    public static CharacterTokenizer FromText(ReadOnlySpan<char> text, UnknownCharacter unknown = UnknownCharacter.Error)
    {
        CharacterSet characters = Utf8Text.With(text, utf8 =>
        {
            CharacterSet set = new();
            set.Add(utf8, isFinalBlock: true);
            return set;
        });
        return new CharacterTokenizer(characters.InOrder(), unknown);
    }

    /// <inheritdoc/>
    public override int EncodeUtf8(ReadOnlySpan<byte> text, IBufferWriter<int> ids, bool isFinalBlock, bool isFirstBlock)
    {
        if (text.IsEmpty)
            return 0;
        Span<int> written = ids.GetSpan(text.Length);
        int count = 0, at = 0;
        while (at < text.Length)
        {
            int length = 1, id;
            if (text[at] < _asciiIds.Length)
                id = _asciiIds[text[at]];
            else
            {
                OperationStatus status = Rune.DecodeFromUtf8(text[at..], out Rune character, out length);
                if (status == OperationStatus.NeedMoreData && !isFinalBlock)
                    break;
                id = _ids.GetValueOrDefault(character, -1);
            }
            if (id >= 0)
                written[count++] = id;
            else if (_unknown == UnknownCharacter.Error)
                throw Unknown(text, at);
            at += length;
        }
        ids.Advance(count);
        return at;
    }

    private protected override void AddTo(IncrementalHash hash) => hash.AppendData([(byte)_unknown]);

    private static TextEncodingException Unknown(ReadOnlySpan<byte> text, int at)
    {
        Rune.DecodeFromUtf8(text[at..], out Rune character, out _);
        return new TextEncodingException(
            $"character {Name(character)}", text[..at], "is not in the vocabulary")
        { CouldSkip = true };
    }

    private static string Name(Rune character) =>
        Rune.IsControl(character) || Rune.IsWhiteSpace(character) ? $"U+{character.Value:X4}" : $"'{character}' (U+{character.Value:X4})";
}
