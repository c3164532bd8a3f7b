using System.Text;
using MiniGpt.Model.Formats;

namespace MiniGpt.Model.Tokenizers;

/// <summary>
/// The tokenizer of a folder: tokenizer.json, or where there is none, GPT-2's older pair of vocab.json and merges.txt, which OpenAI called
/// encoder.json and vocab.bpe.
/// </summary>
public static class TokenizerFolder
{
    /// <summary>The file that holds any tokenizer.</summary>
    public const string TokenizerFile = "tokenizer.json";

    private static readonly (string Vocabulary, string Merges)[] s_pairs = [("vocab.json", "merges.txt"), ("encoder.json", "vocab.bpe")];

    /// <summary>Reads the tokenizer of a folder.</summary>
    /// <param name="path">The folder, or a tokenizer.json itself.</param>
    /// <param name="unknown">What a character or word tokenizer does with what it does not know.</param>
    /// <exception cref="FileFormatException">There is no tokenizer, or its files are not right: one line says what and where.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static ITokenizer Read(string path, UnknownCharacter unknown = UnknownCharacter.Error) => Find(path, unknown)
        ?? throw new FileFormatException(path,
            $"{(Directory.Exists(path) ? "no tokenizer" : "no such folder")} found, a folder with {TokenizerFile}, or with vocab.json and merges.txt, expected");

    /// <summary>Reads the tokenizer of a folder; null where it has none.</summary>
    /// <exception cref="FileFormatException">Its files are not right: one line says what and where.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static ITokenizer? Find(string path, UnknownCharacter unknown = UnknownCharacter.Error)
    {
        if (File.Exists(path))
            return TokenizerJson.Read(path, unknown);
        FolderReplacement.Finish(path);
        string json = Path.Combine(path, TokenizerFile);
        if (File.Exists(json))
            return TokenizerJson.Read(json, unknown);
        return FindPair(path) is (string vocabulary, string merges) ? ReadPair(vocabulary, merges) : null;
    }

    /// <summary>Whether a folder has a tokenizer.</summary>
    public static bool Exists(string path) => File.Exists(Path.Combine(path, TokenizerFile)) || FindPair(path) is not null;

    /// <summary>The name of a file in a folder that belongs to a tokenizer, whether the whole of it is there or not; null where there is none.</summary>
    public static string? FindPart(string path) => Parts.FirstOrDefault(name => File.Exists(Path.Combine(path, name)));

    /// <summary>The names that a file of a tokenizer can have.</summary>
    internal static IReadOnlyList<string> Parts { get; } =
        [TokenizerFile, .. s_pairs.SelectMany(names => (string[])[names.Vocabulary, names.Merges])];

    /// <summary>Whether a file of this name belongs to a tokenizer.</summary>
    internal static bool IsPart(string file) => Parts.Contains(file);

    /// <summary>Deletes the tokenizer of a folder, in whichever files it is.</summary>
    /// <exception cref="IOException">A file cannot be deleted.</exception>
    internal static void Delete(string path)
    {
        foreach (string name in Parts)
            File.Delete(Path.Combine(path, name));
    }

    /// <summary>
    /// Writes tokenizer.json, and for a byte-level BPE vocab.json and merges.txt as well, in the place of the tokenizer that is there: all of
    /// them or none.
    /// </summary>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public static void Write(string path, ITokenizer tokenizer)
    {
        Directory.CreateDirectory(path);
        FolderReplacement.Finish(path);
        using StagedFiles files = new(path);
        if (tokenizer is BytePairTokenizer bytePair)
        {
            string lines = MergesText.VersionLine + "\n" + string.Concat(MergesText.LinesOf(bytePair).Select(line => line + "\n"));
            files.Add(s_pairs[0].Vocabulary, stream => JsonFile.Write(stream, BytePairJson.Vocabulary(bytePair)));
            files.Add(s_pairs[0].Merges, stream => stream.Write(Encoding.UTF8.GetBytes(lines)));
        }
        files.Add(TokenizerFile, stream => JsonFile.Write(stream, TokenizerJson.ToJson(tokenizer)));
        files.Replace(Parts);
    }

    private static (string Vocabulary, string Merges)? FindPair(string path) => s_pairs
        .Select(names => ((string, string)?)(Path.Combine(path, names.Vocabulary), Path.Combine(path, names.Merges)))
        .FirstOrDefault(files => File.Exists(files!.Value.Item1) && File.Exists(files.Value.Item2));

    /// <summary>
    /// Reads vocab.json and merges.txt. They do not say which tokens are special: those of several bytes that no merge leads to are, since
    /// nothing else can make them.
    /// </summary>
    private static BytePairTokenizer ReadPair(string vocabularyPath, string mergesPath)
    {
        string[] tokens = JsonFile.Read(vocabularyPath, root => VocabularyJson.Read(vocabularyPath, root));
        using StreamReader reader = new(mergesPath, new UTF8Encoding(false, throwOnInvalidBytes: false));
        List<(string Left, string Right)> merges = MergesText.Read(reader, problem => new FileFormatException(mergesPath, problem));
        HashSet<string> results = [.. merges.Select(merge => merge.Left + merge.Right)];
        HashSet<int> special = [.. Enumerable.Range(0, tokens.Length).Where(id => tokens[id].Length > 1 && !results.Contains(tokens[id]))];
        return JsonFile.Refusing(mergesPath, () => BytePairTokenizer.FromAlphabet(tokens, merges, special));
    }
}
