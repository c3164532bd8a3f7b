using System.Buffers.Text;

namespace MiniGpt.Model.Files;

/// <summary>Escapes such as \u00e9 in JSON as it is written.</summary>
internal static class JsonEscapes
{
    private const int EscapeLength = 6;

    /// <summary>
    /// The first place of an escape that is half of a surrogate pair; -1 where there is none. Such JSON is valid, but its strings are no text,
    /// which would be found out only where one is used or written.
    /// </summary>
    public static int FindHalf(ReadOnlySpan<byte> json)
    {
        for (int at = 0; at < json.Length && json[at..].IndexOf((byte)'\\') is var found and >= 0;)
        {
            at += found;
            char unit = UnitAt(json, at);
            if (char.IsHighSurrogate(unit) && char.IsLowSurrogate(UnitAt(json, at + EscapeLength)))
                at += 2 * EscapeLength;
            else if (char.IsSurrogate(unit))
                return at;
            else
                at += 2; // also of an escaped backslash both
        }
        return -1;
    }

    /// <summary>The unit of UTF-16 that an escape at a place names; 0 where there is none.</summary>
    private static char UnitAt(ReadOnlySpan<byte> json, int at) =>
        at + EscapeLength <= json.Length && json[at] == '\\' && json[at + 1] == 'u'
        && Utf8Parser.TryParse(json.Slice(at + 2, 4), out ushort unit, out int read, 'x') && read == 4 ? (char)unit : '\0';
}
