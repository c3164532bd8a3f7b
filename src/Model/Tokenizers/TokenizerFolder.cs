using System.Text;
using System.Text.Json;
using MiniGpt.Model.Files;

namespace MiniGpt.Model.Tokenizers;

/// <summary>
/// The tokenizer of a folder: tokenizer.json, or where there is none, GPT-2's older pair of vocab.json and merges.txt, which OpenAI called
/// encoder.json and vocab.bpe, BERT's vocab.txt, or the two SentencePiece models of a Marian folder with their vocabulary.
/// </summary>
public static class TokenizerFolder
{
    private const string AddedFile = "added_tokens.json";
    private const string SpecialFile = "special_tokens_map.json";

    /// <summary>Reads the tokenizer of a folder.</summary>
    /// <param name="path">The folder, or a tokenizer.json itself.</param>
    /// <param name="unknown">What a character or word tokenizer does with what it does not know.</param>
    /// <exception cref="FileFormatException">There is no tokenizer, or its files are not right: one line says what and where.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static ITokenizer Read(string path, UnknownCharacter unknown = UnknownCharacter.Error) => Find(path, unknown)
        ?? throw new FileFormatException(path,
            $"{(Directory.Exists(path) ? "no tokenizer" : "no such folder")} found, a folder with {ModelFiles.Tokenizer}, with vocab.json and merges.txt, with {ModelFiles.Pieces}, or with {ModelFiles.SourcePieces}, {ModelFiles.TargetPieces} and vocab.json expected");

    /// <summary>Reads the tokenizer of a folder; null where it has none.</summary>
    /// <exception cref="FileFormatException">Its files are not right: one line says what and where.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static ITokenizer? Find(string path, UnknownCharacter unknown = UnknownCharacter.Error)
    {
        if (File.Exists(path))
            return TokenizerJson.Read(path, unknown);
        FolderReplacement.Finish(path);
        if (MarianFolder.Exists(path))
            return MarianFolder.ReadTarget(path);
        string json = Path.Combine(path, ModelFiles.Tokenizer);
        if (File.Exists(json))
            return TokenizerJson.Read(json, unknown);
        if (FindPair(path) is (string vocabulary, string merges))
            return ReadPair(path, vocabulary, merges);
        string pieces = Path.Combine(path, ModelFiles.Pieces);
        return File.Exists(pieces) ? WordPieceJson.ReadVocabulary(pieces) : null;
    }

    /// <summary>
    /// Reads the tokenizer of the texts that the translator in a folder reads; null where it is the same as that of the texts that it writes.
    /// </summary>
    /// <param name="path">The folder, or a tokenizer.json itself, which has no other.</param>
    /// <param name="unknown">What a character or word tokenizer does with what it does not know.</param>
    /// <exception cref="FileFormatException">Its file is not right: one line says what and where.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static ITokenizer? FindSource(string path, UnknownCharacter unknown = UnknownCharacter.Error)
    {
        if (MarianFolder.Exists(path))
            return MarianFolder.ReadSource(path);
        string json = Path.Combine(path, ModelFiles.SourceTokenizer);
        return !File.Exists(path) && File.Exists(json) ? TokenizerJson.Read(json, unknown) : null;
    }

    /// <summary>Whether a folder has a tokenizer.</summary>
    public static bool Exists(string path) =>
        File.Exists(Path.Combine(path, ModelFiles.Tokenizer)) || MarianFolder.Exists(path) || FindPair(path) is not null || File.Exists(Path.Combine(path, ModelFiles.Pieces));

    /// <summary>The name of a file in a folder that belongs to a tokenizer, whether the whole of it is there or not; null where there is none.</summary>
    public static string? FindPart(string path) => ModelFiles.TokenizerParts.FirstOrDefault(name => File.Exists(Path.Combine(path, name)));

    /// <summary>Deletes the tokenizer of a folder, in whichever files it is.</summary>
    /// <exception cref="IOException">A file cannot be deleted.</exception>
    internal static void Delete(string path)
    {
        foreach (string name in ModelFiles.TokenizerParts)
            File.Delete(Path.Combine(path, name));
    }

    /// <summary>
    /// Writes tokenizer.json, for GPT-2's byte-level BPE vocab.json and merges.txt as well, which say no more than that, and for WordPiece
    /// vocab.txt, in the place of the tokenizer that is there: all of them or none.
    /// </summary>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public static void Write(string path, ITokenizer tokenizer)
    {
        Directory.CreateDirectory(path);
        FolderReplacement.Finish(path);
        Require.That(tokenizer is not MarianTokenizer, $"a tokenizer of a Marian folder is one of two, and is written with its model alone");
        using StagedFiles files = new(path);
        if (tokenizer is BytePairTokenizer bytePair && bytePair.Options == BytePairOptions.Gpt2)
        {
            string lines = MergesText.VersionLine + "\n" + string.Concat(MergesText.LinesOf(bytePair).Select(line => line + "\n"));
            files.Add(ModelFiles.BytePairs[0].Vocabulary, stream => JsonFile.Write(stream, BytePairJson.Vocabulary(bytePair)));
            files.Add(ModelFiles.BytePairs[0].Merges, stream => stream.Write(Encoding.UTF8.GetBytes(lines)));
        }
        if (tokenizer is WordPieceTokenizer)
        {
            string lines = string.Concat(Enumerable.Range(0, tokenizer.VocabularySize).Select(id => tokenizer.TokenText(id) + "\n"));
            files.Add(ModelFiles.Pieces, stream => stream.Write(Encoding.UTF8.GetBytes(lines)));
        }
        files.Add(ModelFiles.Tokenizer, stream => JsonFile.Write(stream, TokenizerJson.ToJson(tokenizer)));
        files.Replace(ModelFiles.TokenizerParts);
    }

    private static (string Vocabulary, string Merges)? FindPair(string path) => ModelFiles.BytePairs
        .Select(names => ((string, string)?)(Path.Combine(path, names.Vocabulary), Path.Combine(path, names.Merges)))
        .FirstOrDefault(files => File.Exists(files!.Value.Item1) && File.Exists(files.Value.Item2));

    /// <summary>
    /// Reads vocab.json and merges.txt. They do not say which tokens are special: those that look like it and that no merge leads to are, since
    /// nothing else can make them, and those that files beside them name.
    /// </summary>
    private static BytePairTokenizer ReadPair(string folder, string vocabularyPath, string mergesPath)
    {
        (string Token, int Id)[] added = Added(folder);
        string[] tokens = JsonFile.Read(vocabularyPath, root => VocabularyJson.Read(vocabularyPath, root, added));
        using StreamReader reader = new(mergesPath, new UTF8Encoding(false, throwOnInvalidBytes: false));
        List<(string Left, string Right)> merges = MergesText.Read(reader, problem => new FileFormatException(mergesPath, problem));
        HashSet<string> results = [.. merges.Select(merge => merge.Left + merge.Right)], named = NamedSpecial(folder);
        named.UnionWith(added.Select(token => token.Token));
        HashSet<int> special = [.. Enumerable.Range(0, tokens.Length).Where(id =>
            tokens[id].Length > 1 && !results.Contains(tokens[id]) && (named.Contains(tokens[id]) || LooksSpecial(tokens[id])))];
        return JsonFile.Refusing(mergesPath, () => BytePairTokenizer.FromAlphabet(tokens, merges, special));
    }

    /// <summary>The tokens of added_tokens.json, which stand behind those of the vocabulary; none where there is no such file.</summary>
    private static (string Token, int Id)[] Added(string folder)
    {
        string path = Path.Combine(folder, AddedFile);
        return !File.Exists(path) ? [] : JsonFile.Read(path, root => root.EnumerateObject()
            .Select(token => (token.Name, new JsonFields(path, root).Integer(token.Name))).ToArray());
    }

    /// <summary>Whether a token has a special one's form, as &lt;s&gt; and [PAD] have, or is not written in bytes.</summary>
    private static bool LooksSpecial(string token) =>
        token is ['<', .., '>'] or ['[', .., ']'] || !ByteAlphabet.TryToBytes(token, out _);

    /// <summary>The special tokens that special_tokens_map.json names, by themselves, in objects or in lists.</summary>
    private static HashSet<string> NamedSpecial(string folder)
    {
        string path = Path.Combine(folder, SpecialFile);
        return !File.Exists(path) ? [] : JsonFile.Read(path, root => root.EnumerateObject()
            .SelectMany(property => property.Value.ValueKind == JsonValueKind.Array ? [.. property.Value.EnumerateArray()] : (JsonElement[])[property.Value])
            .Select(TextOf).OfType<string>().ToHashSet());

        static string? TextOf(JsonElement token) => token.ValueKind switch
        {
            JsonValueKind.String => token.GetString(),
            JsonValueKind.Object when token.TryGetProperty("content", out JsonElement content) && content.ValueKind == JsonValueKind.String => content.GetString(),
            _ => null,
        };
    }
}
