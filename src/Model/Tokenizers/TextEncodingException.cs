using System.Text;

namespace MiniGpt.Model.Tokenizers;

/// <summary>A text cannot be tokenised. The message is one line: what was found, where, and why that cannot be.</summary>
public sealed class TextEncodingException : ArgumentException
{
    private readonly string _found;
    private readonly string _problem;

    /// <summary>What is wrong at a place of a text.</summary>
    /// <param name="found">What stands there.</param>
    /// <param name="before">All of the text before it, in UTF-8.</param>
    /// <param name="problem">Why that cannot be.</param>
    internal TextEncodingException(string found, ReadOnlySpan<byte> before, string problem)
        : this(found, TextPlace.Start.After(before), problem)
    {
    }

    private TextEncodingException(string found, TextPlace place, string problem)
        : base($"{found} at {place} {problem}") => (_found, Place, _problem) = (found, place, problem);

    /// <summary>What stands there, in words.</summary>
    public string Found => _found;

    /// <summary>The place in the text that was given.</summary>
    public TextPlace Place { get; }

    /// <summary>Whether <see cref="UnknownCharacter.Skip"/> would have left it out.</summary>
    public bool CouldSkip { get; internal init; }

    /// <summary>The same error in a text of which the given one was a part.</summary>
    /// <param name="file">What the text is called; null to leave it out.</param>
    /// <param name="start">Where in it the part begins.</param>
    internal TextEncodingException Within(string? file, TextPlace start) =>
        new(file is null ? _found : $"{file}: {_found}", start.Then(Place), _problem) { CouldSkip = CouldSkip };

    /// <summary>The same error in a text to which a tokenizer had added a space at its begin.</summary>
    internal TextEncodingException WithoutAddedSpace() =>
        new(_found, Place is { Line: 1, Character: > 1 } ? Place with { Character = Place.Character - 1 } : Place, _problem) { CouldSkip = CouldSkip };
}

/// <summary>A place in a text.</summary>
/// <param name="Line">The line, from 1.</param>
/// <param name="Character">The character of that line, from 1.</param>
public readonly record struct TextPlace(long Line, long Character)
{
    /// <summary>The place of the first character.</summary>
    public static TextPlace Start => new(1, 1);

    /// <summary>The place behind a text in UTF-8 that begins here.</summary>
    public TextPlace After(ReadOnlySpan<byte> text)
    {
        int lineStart = text.LastIndexOf((byte)'\n') + 1;
        long characters = 0;
        for (ReadOnlySpan<byte> rest = text[lineStart..]; !rest.IsEmpty; characters++)
        {
            Rune.DecodeFromUtf8(rest, out _, out int length);
            rest = rest[length..];
        }
        return Then(new TextPlace(1 + text.Count((byte)'\n'), 1 + characters));
    }

    /// <summary>A place in a text that begins here.</summary>
    internal TextPlace Then(TextPlace inner) =>
        new(Line + inner.Line - 1, inner.Line > 1 ? inner.Character : Character + inner.Character - 1);

    /// <summary>The place in words.</summary>
    public override string ToString() => $"line {Line}, character {Character}";
}
