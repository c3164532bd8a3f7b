namespace MiniGpt.Model.Tokenizers;

/// <summary>Turns text into token ids and back.</summary>
public interface ITokenizer
{
    /// <summary>V: ids are 0 to V - 1.</summary>
    int VocabularySize { get; }

    /// <summary>The ids of a text.</summary>
    /// <exception cref="ArgumentException">The text holds what the vocabulary cannot say; one line says what and where.</exception>
    int[] Encode(ReadOnlySpan<char> text);

    /// <summary>The text of ids.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the vocabulary.</exception>
    string Decode(ReadOnlySpan<int> ids);

    /// <summary>The text of one token, as a table or a picture shows it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is not in the vocabulary.</exception>
    string TokenText(int id);
}
