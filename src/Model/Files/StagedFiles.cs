using System.Security.Cryptography;

namespace MiniGpt.Model.Files;

/// <summary>
/// Several files of one folder that belong together: all of them are first written beside their final names, and renamed once the last
/// one is on the disk. Disposed before they are committed, they leave nothing behind.
/// </summary>
internal sealed class StagedFiles(string folder) : IDisposable
{
    private readonly List<AtomicFile> _files = [];
    private readonly Dictionary<string, string> _checksums = [];

    /// <summary>The SHA-256 of every file, in hexadecimal, by its name, in the order in which they were added.</summary>
    public IReadOnlyDictionary<string, string> Checksums => _checksums;

    /// <summary>The SHA-256 of a file that is there, in hexadecimal.</summary>
    public static string ChecksumOf(string path)
    {
        using FileStream file = RegularFile.Open(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    /// <summary>Writes a file through to the disk; its checksum is taken on the way.</summary>
    public void Add(string name, Action<Stream> write)
    {
        AtomicFile file = AtomicFile.Create(Path.Combine(folder, name));
        _files.Add(file);
        using SHA256 hash = SHA256.Create();
        using (CryptoStream hashing = new(file.Stream, hash, CryptoStreamMode.Write, leaveOpen: true))
            write(hashing);
        file.Finish();
        _checksums.Add(name, Convert.ToHexStringLower(hash.Hash!));
    }

    /// <summary>Leaves the files beside their names, for good: something that is on the disk already speaks of them.</summary>
    public void Leave() => _files.ForEach(file => file.Leave());

    /// <summary>
    /// Gives the files their names, in the order in which they were added, where something on the disk already speaks of them. What fails
    /// here is left beside, to be renamed later.
    /// </summary>
    public void Commit()
    {
        Leave();
        foreach (AtomicFile file in _files)
        {
            // Whoever reads the folder meanwhile renames them as well.
            if (File.Exists(AtomicFile.PartialPath(file.Path)))
                file.Commit();
        }
        Disk.FlushFolder(folder);
    }

    /// <summary>Puts the files in the place of others, all of them or none: <see cref="FolderReplacement"/>.</summary>
    /// <param name="replaced">The names of files that are no part of what the folder holds from now on.</param>
    public void Replace(IEnumerable<string> replaced)
    {
        FolderReplacement replacement = new(_checksums, [.. replaced.Except(_checksums.Keys)]);
        Disk.FlushFolder(folder);
        try
        {
            replacement.Write(folder);
        }
        catch
        {
            if (FolderReplacement.Exists(folder))
                Leave();
            throw;
        }
        Leave();
        FolderReplacement.Finish(folder);
    }

    /// <summary>Deletes the files unless they were committed.</summary>
    public void Dispose() => _files.ForEach(file => file.Dispose());
}
