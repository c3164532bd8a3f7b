using System.Text.Json.Nodes;

namespace MiniGpt.Model.Tokenizers;

/// <summary>GPT-2's pattern between numbers that stand alone, digit by digit, as SmolLM has it.</summary>
internal sealed class DigitPreTokenizer : ScanningPreTokenizer
{
    public static DigitPreTokenizer SmolLm { get; } = new();

    public override bool CutsAtLineEnds => true;

    public override JsonObject ToJson(bool prefixSpace) =>
        Sequence(new JsonObject { ["type"] = "Digits", ["individual_digits"] = true }, ByteLevel(cuts: true, prefixSpace));

    public override int Next(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty)
            return 0;
        CharacterKind first = CharacterKinds.At(text, 0, out int length);
        if (first == CharacterKind.Number)
            return length;
        // Before a number the text ends for GPT-2's pattern: all spaces are one piece.
        if (first == CharacterKind.Space)
        {
            int spaces = CharacterKinds.RunEnd(text, length, CharacterKind.Space);
            if (spaces < text.Length && CharacterKinds.At(text, spaces, out _) == CharacterKind.Number)
                return spaces;
        }
        return Gpt2PreTokenizer.Next(text);
    }
}
