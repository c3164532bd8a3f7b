using System.Buffers;
using System.Text;
using System.Text.Json.Serialization;

namespace MiniGpt.Model.Tokenizers;

/// <summary>What is done with a character that is not in the vocabulary.</summary>
[JsonConverter(typeof(NameConverter<UnknownCharacter>))]
public enum UnknownCharacter
{
    /// <summary>The text is refused.</summary>
    [JsonStringEnumMemberName("error")] Error,

    /// <summary>The character is left out.</summary>
    [JsonStringEnumMemberName("skip")] Skip,
}

/// <summary>One token a character, where a character is a Unicode scalar value: never half of a surrogate pair.</summary>
public sealed class CharacterTokenizer : ITokenizer
{
    private readonly Rune[] _characters;
    private readonly Dictionary<Rune, int> _ids;
    private readonly UnknownCharacter _unknown;

    /// <summary>A tokenizer with these characters, their ids in this order.</summary>
    /// <exception cref="ArgumentException">There is no character, or one is there twice.</exception>
    public CharacterTokenizer(IEnumerable<Rune> characters, UnknownCharacter unknown = UnknownCharacter.Error)
    {
        _characters = [.. characters];
        _unknown = unknown;
        _ids = new Dictionary<Rune, int>(_characters.Length);
        Require.That(_characters.Length > 0, $"a vocabulary needs at least one character");
        for (int id = 0; id < _characters.Length; id++)
            Require.That(_ids.TryAdd(_characters[id], id), $"character {Name(_characters[id])} is in the vocabulary twice");
    }

    /// <inheritdoc/>
    public int VocabularySize => _characters.Length;

    /// <summary>A tokenizer with every character of a text, ids in code-point order.</summary>
    /// <exception cref="ArgumentException">The text is empty or holds half of a surrogate pair.</exception>
    public static CharacterTokenizer FromText(ReadOnlySpan<char> text, UnknownCharacter unknown = UnknownCharacter.Error)
    {
        HashSet<Rune> characters = [];
        for (int at = 0; at < text.Length;)
            characters.Add(Next(text, ref at));
        return new CharacterTokenizer(characters.Order(), unknown);
    }

    /// <inheritdoc/>
    public int[] Encode(ReadOnlySpan<char> text)
    {
        int[] ids = new int[text.Length];
        int count = 0;
        for (int at = 0; at < text.Length;)
        {
            int start = at;
            Rune character = Next(text, ref at);
            if (_ids.TryGetValue(character, out int id))
                ids[count++] = id;
            else if (_unknown == UnknownCharacter.Error)
                throw new ArgumentException(
                    $"character {Name(character)} at {Place(text, start)} is not in the vocabulary; --unknown skip leaves such characters out");
        }
        return ids[..count];
    }

    /// <inheritdoc/>
    public string Decode(ReadOnlySpan<int> ids)
    {
        StringBuilder text = new(ids.Length);
        foreach (int id in ids)
            text.Append(Character(id));
        return text.ToString();
    }

    /// <inheritdoc/>
    public string TokenText(int id) => Character(id).ToString();

    private Rune Character(int id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(id, _characters.Length);
        return _characters[id];
    }

    private static Rune Next(ReadOnlySpan<char> text, ref int at)
    {
        if (Rune.DecodeFromUtf16(text[at..], out Rune character, out int length) != OperationStatus.Done)
            throw new ArgumentException($"half of a surrogate pair, U+{(int)text[at]:X4}, at {Place(text, at)}: this is no Unicode text");
        at += length;
        return character;
    }

    private static string Name(Rune character) =>
        Rune.IsControl(character) || Rune.IsWhiteSpace(character) ? $"U+{character.Value:X4}" : $"'{character}' (U+{character.Value:X4})";

    private static string Place(ReadOnlySpan<char> text, int at)
    {
        ReadOnlySpan<char> before = text[..at];
        int column = 1;
        foreach (Rune _ in before[(before.LastIndexOf('\n') + 1)..].EnumerateRunes())
            column++;
        return $"line {before.Count('\n') + 1}, character {column}";
    }
}
