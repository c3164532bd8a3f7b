namespace MiniGpt.Model;

/// <summary>Long texts for messages: both ends of them say what is wrong.</summary>
public static class Excerpt
{
    /// <summary>A text, or its beginning and end where it is longer than so many characters; no character of two halves is cut apart.</summary>
    public static string Of(string text, int most)
    {
        if (text.Length <= most)
            return text;
        int head = most / 2, tail = text.Length - most / 2;
        head -= char.IsHighSurrogate(text[head - 1]) ? 1 : 0;
        tail += char.IsLowSurrogate(text[tail]) ? 1 : 0;
        return $"{text.AsSpan(0, head)} … {text.AsSpan(tail)}";
    }
}
